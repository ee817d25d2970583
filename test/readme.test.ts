/** The documents say what is: commands exist and take the options shown, examples load, links and paths lead somewhere. */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadFleet } from '../configs/load.ts';
import { EXIT } from '../lib/errors.ts';
import packageJson from '../package.json' with { type: 'json' };
import { LAYERS } from './support/architecture.ts';

const root = join(import.meta.dirname, '..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const DOCUMENTS = globSync('**/*.md', { cwd: root, exclude: ['**/node_modules/**', '.lab/**', '.cache/**'] });
const README = read('README.md');

/** Programs with a `--help`; anything else that a script runs would do its work. */
const PROGRAMS = [
  'lab/cli.ts',
  'lab/demo/main.ts',
  'lab/qemu/main.ts',
  'rollout/cli.ts',
  'image-builder/cli.ts',
  'infra/preview.ts',
];

const scripts: Readonly<Record<string, string>> = packageJson.scripts;

/** Contents of the fenced blocks of one language. */
function fenced(text: string, language: string): readonly string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(
    (match) => match[1] ?? '',
  );
}

/** Commands of this project in a document: those of its `sh` blocks, and those that its sentences mention. */
function commandsOf(text: string): readonly string[] {
  const lines = fenced(text, 'sh').flatMap((block) => block.split('\n'));
  const mentioned = [...text.matchAll(/`((?:sudo )?(?:npm|pnpm) [^`]+)`/g)].map((match) => match[1] ?? '');
  return [...lines, ...mentioned]
    .filter((line) => line.trim() !== '')
    .map((line) => /"\$\((.*)\)"/.exec(line)?.[1] ?? line)
    .map((line) => line.replace(/^sudo /, '').replace(/^pnpm --silent /, 'pnpm '));
}

describe('commands', () => {
  const commands = [...new Set(DOCUMENTS.flatMap((file) => commandsOf(read(file))))];

  it('are found', () => {
    expect(commands).toEqual(
      expect.arrayContaining(['npm run demo', 'npm test', 'pnpm rollout --drain', 'pnpm lab env']),
    );
  });

  it.each(commands)('%s', (command) => {
    const [program, ...words] = command.split(' ');
    expect(['npm', 'pnpm']).toContain(program);
    const [script = '', ...args] = words[0] === 'run' ? words.slice(1) : words;
    if (script === 'install' || script === 'exec') return;
    expect(scripts).toHaveProperty([script]);
    const entry = /bin\/node (\S+\.ts)(?: (\w+))?$/.exec(scripts[script] ?? '');
    if (entry !== null && PROGRAMS.includes(entry[1] ?? ''))
      expect(optionsOf(args)).toEqual(
        knownTo(entry[1] ?? '', subcommand(entry[1] ?? '', entry[2], args), optionsOf(args)),
      );
  });
});

function optionsOf(args: readonly string[]): readonly string[] {
  const own = args.includes('--') && args[0] !== '--' ? args.slice(0, args.indexOf('--')) : args;
  return own.filter((word) => /^--./.test(word));
}

function subcommand(program: string, fixed: string | undefined, args: readonly string[]): readonly string[] {
  if (fixed !== undefined) return [fixed];
  const [first] = args;
  if (program === 'rollout/cli.ts' && (first === undefined || first.startsWith('--'))) return ['run'];
  return first === undefined || first.startsWith('-') ? [] : [first];
}

/** Of `options`, those that the help of a program names. The program has to run. */
function knownTo(file: string, command: readonly string[], options: readonly string[]): readonly string[] {
  const { status, stdout, stderr } = spawnSync(process.execPath, [file, ...command, '--help'], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(stderr + (status ?? 'killed')).toBe('0');
  // A word that is no command of it gets the help of the whole.
  expect(stdout).toMatch(new RegExp(`^Usage: .*${command.join(' ')}`));
  return options.filter((option) => new RegExp(`${option}\\b`).test(stdout));
}

/** Blocks of shell that a reader pastes, also those within lists. */
function blocks(text: string): readonly string[] {
  return [...text.matchAll(/^( *)```bash\n(.*?)^ *```$/gms)].map((match) =>
    (match[2] ?? '').replaceAll(new RegExp(`^${match[1]}`, 'gm'), ''),
  );
}

/** Commands of gcloud, each in one line; of a pipe each part that is one, to which `xargs` gives a name. */
function gcloudCommands(text: string): readonly string[] {
  const lines = blocks(text).flatMap((block) => block.replaceAll(/\\\n */g, '').split('\n'));
  return lines
    .flatMap((line) => line.replace(/ {2,}#.*/, '').split('|'))
    .flatMap((part) => {
      const [, before = '', command] = /^(.*?)(gcloud .*)/.exec(part) ?? [];
      if (command === undefined) return [];
      return [before.includes('xargs') ? command.replace(' delete', ' delete a-name') : command.trim()];
    });
}

const has = (program: string) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;

describe('what a reader pastes into a shell', () => {
  const documents = DOCUMENTS.filter((file) => blocks(read(file)).length > 0);

  it.skipIf(!has('shellcheck')).each(documents)('%s is well-formed', (file) => {
    for (const block of blocks(read(file))) {
      const { stdout } = spawnSync('shellcheck', ['--shell=bash', '-'], { input: block, encoding: 'utf8' });
      expect(stdout).toBe('');
    }
  });

  it.skipIf(!has('gcloud'))('gcloud knows each of its commands and options', { timeout: 600_000 }, () => {
    const commands = documents.flatMap((file) => gcloudCommands(read(file)));
    const folder = mkdtempSync(join(tmpdir(), 'readme-'));
    const file = join(folder, 'commands.md');
    writeFileSync(file, `\`\`\`sh\n${commands.join('\n')}\n\`\`\`\n`);
    const { stdout } = spawnSync('gcloud', ['meta', 'lint-gcloud-commands', `--commands-text-file=${file}`], {
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
      env: { ...process.env, CLOUDSDK_CONFIG: folder, CLOUDSDK_CORE_DISABLE_USAGE_REPORTING: 'true' },
    });
    rmSync(folder, { recursive: true });
    const answers = JSON.parse(stdout) as readonly {
      readonly success: boolean;
      readonly command_string: string;
      readonly error_message?: string;
    }[];
    expect(answers.length).toBe(commands.length);
    const wrong = answers.filter(({ success }) => !success);
    expect(wrong.map(({ command_string, error_message }) => [command_string, error_message])).toEqual([]);
  });
});

describe('README', () => {
  it('begins with the two commands', () => {
    expect(fenced(README, 'sh')[0]).toBe('npm run demo\nnpm test\n');
  });

  it('shows a fleet file that is one', () => {
    const folder = mkdtempSync(join(tmpdir(), 'readme-'));
    const [text = ''] = fenced(README, 'yaml');
    const file = join(folder, 'fleet.yaml');
    writeFileSync(file, text);
    expect(loadFleet(file)).toMatchObject({ name: 'prod', relays: { perZone: 2 } });
    rmSync(folder, { recursive: true });
  });

  it('lists the exit codes that there are', () => {
    const listed = [...README.matchAll(/^\| (\d+) \| /gm)].map((match) => Number(match[1]));
    expect(listed).toEqual(Object.values(EXIT));
  });
});

describe.each(DOCUMENTS)('%s', (file) => {
  const text = read(file);

  it('has links that lead somewhere', () => {
    const targets = [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)].map((match) => match[1] ?? '');
    expect(targets.filter((target) => !existsSync(join(root, file, '..', target)))).toEqual([]);
  });

  it('names files and folders that exist', () => {
    const folders = [...Object.keys(LAYERS), 'test'].join('|');
    const named = [...text.matchAll(new RegExp(`\`((?:${folders})/[\\w./*-]*)\``, 'g'))].map(
      (match) => match[1] ?? '',
    );
    expect(named.filter((path) => globSync(path.replace(/\/$/, ''), { cwd: root }).length === 0)).toEqual([]);
  });
});
