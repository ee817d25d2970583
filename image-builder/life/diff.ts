/** What is different between two images, out of their manifests. Pure. */
import type { Manifest, ManifestFile } from '../manifest.ts';
import type { Package } from '../packages.ts';

export type Change<T> = { readonly before: T; readonly after: T };

export type ManifestDiff = {
  /** Names of the two images. */
  readonly before: string;
  readonly after: string;
  /** Single facts that differ, by their name in the manifest; one that a manifest lacks is empty. */
  readonly facts: Readonly<Record<string, Change<string>>>;
  readonly packages: {
    readonly added: readonly NameAndVersion[];
    readonly removed: readonly NameAndVersion[];
    readonly changed: readonly ({ readonly name: string } & Change<string>)[];
  };
  /** Paths of our own files; those of packages change with their package. */
  readonly files: {
    readonly added: readonly string[];
    readonly removed: readonly string[];
    readonly changed: readonly string[];
  };
  readonly archiveBytes: Change<number>;
};

type NameAndVersion = Pick<Package, 'name' | 'version'>;

const FACTS = [
  'version',
  'base',
  'kernel',
  'source',
  'place',
  'commit',
  'content',
  'architecture',
  'diskGb',
] as const;

export function diffManifests(before: Manifest, after: Manifest): ManifestDiff {
  return {
    before: before.image,
    after: after.image,
    facts: Object.fromEntries([
      ...FACTS.flatMap((name) => changeOf(name, before[name], after[name])),
      ...changeOf('kernelModule', wordModule(before), wordModule(after)),
    ]),
    packages: diffPackages(before.packages, after.packages),
    files: diffFiles(before.files, after.files),
    archiveBytes: { before: before.archive.bytes, after: after.archive.bytes },
  };
}

function wordModule({ kernelModule }: Manifest): string | undefined {
  return kernelModule && `${kernelModule.name} ${kernelModule.sha256.slice(0, 12)}`;
}

function changeOf(name: string, before: string | number | undefined, after: string | number | undefined) {
  return before === after
    ? []
    : [[name, { before: String(before ?? ''), after: String(after ?? '') }] as const];
}

export function diffPackages(
  before: readonly NameAndVersion[],
  after: readonly NameAndVersion[],
): ManifestDiff['packages'] {
  const [had, has] = [versions(before), versions(after)];
  const plain = ({ name, version }: NameAndVersion): NameAndVersion => ({ name, version });
  return {
    added: after.filter(({ name }) => !had.has(name)).map(plain),
    removed: before.filter(({ name }) => !has.has(name)).map(plain),
    changed: after.flatMap(({ name, version }) => {
      const old = had.get(name);
      return old === undefined || old === version ? [] : [{ name, before: old, after: version }];
    }),
  };
}

const versions = (packages: readonly NameAndVersion[]): ReadonlyMap<string, string> =>
  new Map(packages.map(({ name, version }) => [name, version]));

export function diffFiles(
  before: readonly ManifestFile[],
  after: readonly ManifestFile[],
): ManifestDiff['files'] {
  const [had, has] = [contents(before), contents(after)];
  const paths = [...has.keys()];
  return {
    added: paths.filter((path) => !had.has(path)),
    removed: [...had.keys()].filter((path) => !has.has(path)),
    changed: paths.filter((path) => had.has(path) && had.get(path) !== has.get(path)),
  };
}

const contents = (files: readonly ManifestFile[]): ReadonlyMap<string, string> =>
  new Map(files.map((file) => [file.path, 'target' in file ? `-> ${file.target}` : file.sha256]));

/** Whether the two hold the same; their sizes may differ, since packing is no content. */
export function isSame({ facts, packages, files }: ManifestDiff): boolean {
  const lists = [...Object.values(packages), ...Object.values(files)];
  return Object.keys(facts).length === 0 && lists.every((list) => list.length === 0);
}

/** `2 packages changed, 1 added; 3 files changed`; `nothing` when it is so. */
export function wordDiffShort(diff: ManifestDiff): string {
  const { facts, packages, files } = diff;
  const parts = [
    ...Object.entries(facts).map(
      ([name, { before, after }]) => `${name} ${before || 'none'} → ${after || 'none'}`,
    ),
    ...counts('package', packages),
    ...counts('file', files),
  ];
  return parts.length === 0 ? 'nothing' : parts.join(', ');
}

function counts(
  what: string,
  lists: Readonly<Record<'added' | 'removed' | 'changed', readonly unknown[]>>,
): readonly string[] {
  return (['changed', 'added', 'removed'] as const).flatMap((how) => {
    const { length } = lists[how];
    return length === 0 ? [] : [`${length} ${what}${length === 1 ? '' : 's'} ${how}`];
  });
}

/** Every difference on a line of its own. */
export function wordDiff(diff: ManifestDiff): string {
  const { facts, packages, files, archiveBytes } = diff;
  const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
  const lines = [
    ...Object.entries(facts).map(
      ([name, { before, after }]) => `  ~ ${name}  ${before || '-'} → ${after || '-'}`,
    ),
    ...packages.changed.map(({ name, before, after }) => `  ~ package ${name}  ${before} → ${after}`),
    ...packages.added.map(({ name, version }) => `  + package ${name}  ${version}`),
    ...packages.removed.map(({ name, version }) => `  - package ${name}  ${version}`),
    ...files.changed.map((path) => `  ~ file ${path}`),
    ...files.added.map((path) => `  + file ${path}`),
    ...files.removed.map((path) => `  - file ${path}`),
  ];
  const size = `  archive ${megabytes(archiveBytes.before)} → ${megabytes(archiveBytes.after)} MB`;
  const body = lines.length === 0 ? ['  they hold the same'] : lines;
  return `${[`${diff.before} → ${diff.after}`, ...body, size].join('\n')}\n`;
}
