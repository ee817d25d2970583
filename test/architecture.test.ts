/** The rules of ARCHITECTURE.md, applied to the tree; and each rule shown to catch what it is there for. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  brokenDoors,
  brokenLayers,
  brokenPurity,
  brokenShape,
  cycles,
  LAYERS,
  MOST_FUNCTION_LINES,
  MOST_LINES,
  strayTests,
} from './support/architecture.ts';
import { parseSource, projectFiles, readSource } from './support/source-file.ts';

const root = join(import.meta.dirname, '..');
const paths = projectFiles(root);
const sources = paths
  .filter((path) => (path.split('/')[0] ?? '') in LAYERS && /\.(ts|mjs)$/.test(path))
  .map((path) => readSource(root, path));

/** Words that this very file must not hold. */
const spelled = (...words: readonly string[]) => words.map((word) => word.replace('-', '')).join('|');

const file = (path: string, text: string) => parseSource(path, text);

describe('imports', () => {
  it('keeps infra, image-builder and rollout apart, and the lab out of the product', () => {
    expect(brokenLayers(sources)).toEqual([]);
  });

  it.each([
    ['rollout/a.ts', '../infra/b.ts'],
    ['infra/a.ts', '../image-builder/b.ts'],
    ['image-builder/a.ts', '../lab/b.ts'],
    ['configs/a.ts', '../rollout/b.ts'],
    ['lib/a.ts', '../configs/b.ts'],
    ['rollout/core/a.ts', '../../lab/b.ts'],
  ])('sees %s import %s', (path, target) => {
    expect(brokenLayers([file(path, `import { b } from '${target}';`)])).toHaveLength(1);
    expect(brokenLayers([file(path, `import type { B } from '${target}';`)])).toHaveLength(1);
    expect(brokenLayers([file(path, `export { b } from '${target}';`)])).toHaveLength(1);
    expect(brokenLayers([file(path, `await import('${target}');`)])).toHaveLength(1);
  });

  it('lets a folder import itself, lib and configs', () => {
    const text =
      "import { a } from './b.ts'; import { c } from '../lib/c.ts'; import { d } from '../configs/d.ts';";
    expect(brokenLayers([file('rollout/a.ts', text)])).toEqual([]);
  });

  it('has one door to each outside system', () => {
    expect(brokenDoors(sources)).toEqual([]);
  });

  it.each([
    ['rollout/a.ts', '@google-cloud/compute'],
    ['lab/a.ts', '@google-cloud/compute/build/src/v1/images_client.js'],
    ['image-builder/a.ts', '@google-cloud/storage'],
    ['rollout/a.ts', 'node:child_process'],
    ['configs/a.ts', 'execa'],
    ['lib/a.ts', 'execa'],
    ['lab/a.ts', '@pulumi/pulumi'],
  ])('sees %s go past the door to %s', (path, target) => {
    expect(brokenDoors([file(path, `import { a } from '${target}';`)])).toHaveLength(1);
    expect(brokenDoors([file(path, `await import('${target}');`)])).toHaveLength(1);
    expect(brokenDoors([file(path, `import type { A } from '${target}';`)])).toEqual([]);
  });

  it('has no circles', () => {
    expect(cycles(sources)).toEqual([]);
  });

  it('sees a circle', () => {
    const a = file('lib/a.ts', "import { b } from './b.ts'; export const a = b;");
    const b = file('lib/b.ts', "import { a } from './a.ts'; export const b = a;");
    expect(cycles([a, b])).toHaveLength(2);
    expect(cycles([a, file('lib/b.ts', "import type { a } from './a.ts'; export const b = 1;")])).toEqual([]);
  });
});

describe('decisions', () => {
  it('are pure, and so is all that they import', () => {
    expect(brokenPurity(sources)).toEqual([]);
  });

  it.each([
    "import { readFileSync } from 'node:fs';",
    "import { connect } from 'node:net';",
    'export const now = () => Date.now();',
    'export const now = () => new Date();',
    'export const chance = () => Math.random();',
    'export const wait = () => setTimeout(() => {}, 1);',
    'export const home = () => process.env.HOME;',
  ])('are not: %s', (text) => {
    expect(brokenPurity([file('rollout/core/a.ts', text)])).toHaveLength(1);
  });

  it('may handle given times, and properties that are called like a global', () => {
    const text =
      "import { isIPv4 } from 'node:net'; export const f = (a: any) => [new Date(a.process), a.setTimeout];";
    expect(brokenPurity([file('rollout/core/a.ts', text)])).toEqual([]);
  });

  it('are held to it wherever a file says so at its head', () => {
    expect(
      brokenPurity([file('lab/a.ts', '/** Adds up.\n * Pure. */\nexport const a = Date.now();')]),
    ).toHaveLength(1);
    expect(brokenPurity([file('lab/a.ts', '/** Adds up. */\nexport const a = Date.now();')])).toEqual([]);
  });

  it('are not pure when an import of theirs is not', () => {
    const start = file('rollout/core/a.ts', "import { b } from '../../lib/b.ts'; export const a = b;");
    expect(brokenPurity([start, file('lib/b.ts', 'export const b = Date.now();')])).toHaveLength(1);
  });
});

describe('files', () => {
  it('are short, export by name and hand on nothing', () => {
    expect(brokenShape(sources)).toEqual([]);
  });

  it('are seen when they are not', () => {
    expect(brokenShape([file('lib/a.ts', "export * from './b.ts';")])).toHaveLength(1);
    expect(brokenShape([file('lib/a.ts', 'export default 1;')])).toHaveLength(1);
    expect(brokenShape([file('lib/a.ts', 'export const a = 1;\n'.repeat(MOST_LINES + 1))])).toHaveLength(1);
    const long = `export function a() {\n${'b();\n'.repeat(MOST_FUNCTION_LINES)}}`;
    expect(brokenShape([file('lib/a.ts', long)])).toHaveLength(1);
    expect(brokenShape([file('lib/a.ts', "export { b } from './b.ts'; export const a = 1;")])).toEqual([]);
  });

  it('have their tests at the same path below test/', () => {
    expect(strayTests(paths)).toEqual([]);
    const tree = [
      'lib/a.ts',
      'lab/calls/b.ts',
      'test/lib/a.test.ts',
      'test/calls.test.ts',
      'test/lib/c.test.ts',
    ];
    expect(strayTests(tree)).toEqual([expect.stringContaining('test/lib/c.test.ts')]);
  });

  it.each([
    ['open ends', new RegExp(`\\b(${spelled('TO-DO', 'FIX-ME', 'X-XX')})\\b`)],
    [
      'tests that are left out or alone',
      new RegExp(`\\b(it|test|describe)\\.(${spelled('sk-ip', 'on-ly')})\\(`),
    ],
    // Mirrors come from the machine's own configuration; a host name would break whoever sits behind another one.
    ['registry hosts', /\b[a-z.-]*(registry\.npmjs|deb\.debian|archive\.ubuntu|nodejs|yarnpkg)\.(org|com)\b/],
    ['paths of one machine', new RegExp(`["'\`( ](${spelled('/wo-rk/main', '/tmp/scr-atch')})`)],
  ])('have no %s', (_, pattern) => {
    const found = paths
      .filter((path) => /\.(ts|mjs|json|ya?ml|sh|md)$|^[^.]*$/.test(path))
      .filter((path) => pattern.test(readFileSync(join(root, path), 'utf8')));
    expect(found).toEqual([]);
  });
});
