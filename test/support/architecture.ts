/**
 * The rules of ARCHITECTURE.md as data and pure functions: a set of source files in, one sentence per broken rule out.
 */
import { matchesGlob } from 'node:path';
import type { Import, SourceFile } from './source-file.ts';

/** Folder -> folders that it may import. Who is not listed (tests) may import everything. */
export const LAYERS: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  configs: ['lib'],
  infra: ['configs', 'lib'],
  'image-builder': ['configs', 'lib'],
  rollout: ['configs', 'lib'],
  lab: ['configs', 'lib', 'infra', 'image-builder', 'rollout'],
  bench: ['configs', 'lib', 'infra', 'image-builder', 'rollout', 'lab'],
  scripts: [],
};

type Door = { readonly to: string; readonly through: readonly string[] };

/** What only a few files may use: an outside system has one door. Types pass everywhere. */
export const DOORS: readonly Door[] = [
  { to: '@google-cloud/compute', through: ['lib/gce.ts', 'lib/gce/**', 'lab/contract.ts'] },
  { to: '@google-cloud/storage', through: ['lib/storage.ts', 'lib/storage/**'] },
  { to: 'google-auth-library', through: ['lib/gce/**', 'lib/storage.ts'] },
  { to: '@pulumi/', through: ['infra/**'] },
  { to: 'redis', through: ['rollout/adapters/redis*.ts'] },
  {
    to: 'execa',
    through: ['image-builder/{command,cache}.ts', 'lab/host/*.ts', 'lab/images/archive.ts'],
  },
  {
    to: 'node:child_process',
    through: [
      'scripts/setup/run.mjs',
      'bench/*.ts',
      // execa's types take no descriptor of a file that is open.
      'image-builder/locked.ts',
      'rollout/adapters/mover.ts',
      'lab/start.ts',
      'infra/evaluate/program.ts',
      'infra/preview/against.ts',
      'lab/commands/*.ts',
      'lab/demo/*.ts',
      'lab/host/*.ts',
      'lab/machines/*.ts',
      'lab/network/*.ts',
    ],
  },
];

/** Files whose answer depends on their arguments only: they, and all that they import, do no I/O and read no clock.
 * So must every file whose head comment says `Pure.` */
export const PURE = [
  'rollout/core/**',
  'configs/{render,naming,rules,rules-of-nodes,word,range,places,local-ports,number-list}.ts',
  'infra/ports.ts',
  'lib/{errors,nearest,version,sdp,rtp}.ts',
];

/** Modules of Node that compute and touch nothing outside. */
const HARMLESS = ['node:path', 'node:path/posix', 'node:crypto', 'node:util', 'node:buffer', 'node:assert'];

export const MOST_LINES = 250;
/** The aim is 25; what is longer than this has more than one job. */
export const MOST_FUNCTION_LINES = 60;

/** Written by a tool, from a schema. */
const GENERATED = ['configs/fleet.ts'];

/** A tool demands these: Pulumi and vitest read the default export. */
const DEFAULT_EXPORTS = ['vitest.config.ts', 'infra/index.ts'];

const isOneOf = (path: string, globs: readonly string[]): boolean =>
  globs.some((glob) => matchesGlob(path, glob));
const folderOf = (path: string): string => path.split('/')[0] ?? '';

export function brokenLayers(files: readonly SourceFile[]): readonly string[] {
  return eachImport(files, (file, { target, isLocal }) => {
    const from = folderOf(file.path);
    const allowed = LAYERS[from];
    const to = folderOf(target);
    if (!isLocal || allowed === undefined || from === to || allowed.includes(to)) return undefined;
    return `${file.path} imports ${target}, but ${from}/ may import ${allowed.join(', ') || 'nothing of the others'}`;
  });
}

export function brokenDoors(files: readonly SourceFile[]): readonly string[] {
  return eachImport(files, (file, { target, isLocal, isType }) => {
    if (isLocal || isType || !(folderOf(file.path) in LAYERS)) return undefined;
    const door = DOORS.find(({ to }) => target === to || target.startsWith(to.endsWith('/') ? to : `${to}/`));
    if (door === undefined || isOneOf(file.path, door.through)) return undefined;
    return `${file.path} imports ${target}, which only ${door.through.join(', ')} may`;
  });
}

/** Follows the imports of pure files, since purity ends where an import does I/O. */
export function brokenPurity(files: readonly SourceFile[]): readonly string[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  return files
    .filter((file) => file.saysPure || isOneOf(file.path, PURE))
    .flatMap((start) =>
      reachedFrom(start, byPath).flatMap((file) =>
        impurities(file).map((what) =>
          file === start
            ? `${file.path} is pure and uses ${what}`
            : `${start.path} is pure and reaches ${what} in ${file.path}`,
        ),
      ),
    );
}

function impurities(file: SourceFile): readonly string[] {
  const modules = file.imports
    .filter(({ target, isType }) => !isType && target.startsWith('node:') && !HARMLESS.includes(target))
    .filter(({ target, names }) => !(target === 'node:net' && names.every((name) => name.startsWith('isIP'))))
    .map(({ target }) => target);
  return [...file.effects, ...modules];
}

function reachedFrom(start: SourceFile, byPath: ReadonlyMap<string, SourceFile>): readonly SourceFile[] {
  const reached = new Set([start]);
  for (const file of reached) // A set hands out what is added while it is walked.
    for (const { target, isType } of file.imports) {
      const next = isType ? undefined : byPath.get(target);
      if (next !== undefined) reached.add(next);
    }
  return [...reached];
}

/** Files that import each other in a circle can only be understood together. */
export function cycles(files: readonly SourceFile[]): readonly string[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  return files
    .filter((file) =>
      file.imports.some(({ target, isType }) => {
        const next = isType ? undefined : byPath.get(target);
        return next !== undefined && reachedFrom(next, byPath).includes(file);
      }),
    )
    .map((file) => `${file.path} imports itself through others`);
}

export function brokenShape(files: readonly SourceFile[]): readonly string[] {
  return files.flatMap((file) => [
    ...(file.isBarrel ? [`${file.path} only hands on what others export`] : []),
    ...(file.exports.includes('Default') && !DEFAULT_EXPORTS.includes(file.path)
      ? [`${file.path} has a default export`]
      : []),
    ...(file.lines > MOST_LINES && !GENERATED.includes(file.path)
      ? [`${file.path} has ${file.lines} lines, more than ${MOST_LINES}`]
      : []),
    ...(file.longestFunction > MOST_FUNCTION_LINES
      ? [`${file.path} has a function of ${file.longestFunction} lines, more than ${MOST_FUNCTION_LINES}`]
      : []),
  ]);
}

/** A test is found by the path of what it tests; `test/lab` boots machines, `test/lab-*` tries whole parts of the lab.
 * Folders of `lab/` and `rollout/` may stand at the top of test/. */
export function strayTests(paths: readonly string[]): readonly string[] {
  const sources = new Set(
    paths.flatMap((path) => [path, path.replace(/\.m?[jt]s$/, ''), ...foldersOf(path)]),
  );
  const free = [
    'test/lab/**',
    'test/lab-*/**',
    'test/architecture.test.ts',
    'test/golden.test.ts',
    'test/readme.test.ts',
    'test/workflows.test.ts',
  ];
  return paths
    .filter((path) => /^test\/.*\.test\.ts$/.test(path) && !isOneOf(path, free))
    .filter((path) => {
      const tested = path.slice('test/'.length, -'.test.ts'.length).replace(/\.property$/, '');
      return !['', 'lab/', 'rollout/'].some((folder) => sources.has(folder + tested));
    })
    .map((path) => `${path} tests no file or folder of that path`);
}

function foldersOf(path: string): readonly string[] {
  return path.split('/').flatMap((_, index, parts) => (index === 0 ? [] : [parts.slice(0, index).join('/')]));
}

function eachImport(
  files: readonly SourceFile[],
  judge: (file: SourceFile, imported: Import) => string | undefined,
): readonly string[] {
  return files.flatMap((file) => file.imports.flatMap((imported) => judge(file, imported) ?? []));
}
