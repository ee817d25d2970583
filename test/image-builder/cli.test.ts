import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const CLI = join(ROOT, 'image-builder/cli.ts');
const folder = mkdtempSync(join(tmpdir(), 'rtpfleet-image-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function command(...words: readonly string[]) {
  const env = { RTPFLEET_CACHE: folder };
  return await execa(process.execPath, [CLI, ...words], { reject: false, env });
}

const build = (...words: readonly string[]) => command('build', ...words);

describe('image:build', () => {
  test.each([[['--help']], [['--', '--help']]])('%j shows an example', async (words) => {
    const { exitCode, stdout } = await build(...words);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('pnpm image:build --version mr12.5.1.31');
  });

  test.each([
    [['--version', '12.5'], /--version 12\.5: that is no RTPEngine version/],
    [['--base', 'debian-11'], /debian-11/],
    [['--plan', '--source', 'debs:no/such/folder'], /no\/such\/folder is no folder of packages/],
    [['--source', 'upstream'], /"upstream" is no source of RTPEngine/],
    [['--list-versions', '--source', 'ftp://x/y'], /"ftp:\/\/x\/y" is no source of RTPEngine/],
    [['--fleet', 'no/such/fleet.yaml'], /no\/such\/fleet\.yaml: cannot be read/],
    [['--colour'], /unknown option '--colour'/],
  ])('%j is refused with one sentence and exit code 2', async (words, sentence) => {
    const { exitCode, stderr } = await build(...words);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(sentence);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  test('an image for arm64 that is not made for it is refused before any work, with exit code 2', async () => {
    const file = join(folder, 'arm.yaml');
    writeFileSync(
      file,
      'name: x1\ncloud: {project: my-project, region: us-central1, zones: [us-central1-a]}\nrelays: {machineType: t2a-standard-4}\nimage: {version: mr12, architecture: arm64}\n',
    );
    const { exitCode, stderr } = await build('--fleet', file, '--source', 'git', '--no-publish');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('an image for arm64 cannot have image.source: git');
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  test('a plan of a source to be compiled says every step and file, and leaves nothing but its log', async () => {
    const source = join(folder, 'upstream');
    const git = (...words: readonly string[]) =>
      execa('git', ['-C', source, '-c', 'user.name=A', '-c', 'user.email=a@example.org', ...words]);
    await execa('git', ['init', '--quiet', source]);
    await git('commit', '--allow-empty', '--quiet', '--message=one');
    await git('tag', 'mr13.4.1.10');
    const words = ['build', '--plan', '--json', '--no-publish', '--version', 'mr13.4', '--source', source];
    const cache = join(folder, 'plan');
    const env = { RTPFLEET_CACHE: cache };
    const { exitCode, stdout } = await execa(process.execPath, [CLI, ...words], { reject: false, env });
    expect(exitCode).toBe(0);
    const plan = JSON.parse(stdout);
    expect(plan.compile).toMatchObject({ version: 'mr13.4.1.10', release: 'trixie' });
    expect(plan.steps).toHaveLength(6);
    expect(plan.files).toContain('/etc/systemd/system/rtpengine-daemon.service');
    const left = readdirSync(cache, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
    expect(left.map(({ name }) => name)).toEqual([expect.stringMatching(/\.log$/)]);
  });

  test('a host with several RTPEngines is no image of a fleet', async () => {
    const file = join(folder, 'several.yaml');
    writeFileSync(
      file,
      'name: x1\ncloud: {project: my-project, region: us-central1, zones: [us-central1-a]}\nimage: {version: mr12.5.1.31}\nrtpengine: {instances: 2}\n',
    );
    const { exitCode, stderr } = await build('--fleet', file);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('cannot be published as an image of a managed fleet');
  });

  test('a broken fleet file is refused with its line', async () => {
    const file = join(folder, 'fleet.yaml');
    writeFileSync(
      file,
      'name: x1\ncloud: {project: my-project, region: us-central1, zones: [us-central1-a]}\nimage: {version: mr12}\ncolour: red\n',
    );
    const { exitCode, stderr } = await build('--fleet', file);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(`${file}:4: colour: unknown key`);
  });
});

describe('the commands on published images', () => {
  test.each<[readonly string[], RegExp]>([
    [['show', 'RTPengine'], /"RTPengine" is no name of an image/],
    [['promote'], /missing required argument 'image'/],
    [['prune'], /required option '--keep <n>' not specified/],
    [['prune', '--keep', '0'], /It is a whole number from 1 on/],
    [['deprecate', 'x', '--state', 'GONE'], /Allowed choices are DEPRECATED, OBSOLETE/],
    [['deprecate', 'x', '--replacement', 'No Name'], /"No Name" is no name of an image/],
    [['diff', 'only-one'], /missing required argument 'after'/],
    [['diff', './no/such.json', 'x'], /\.\/no\/such\.json: there is no such file/],
    [['diff', 'package.json', 'x'], /package\.json is no manifest that can be read/],
    [['outdated', '--image', './no/such.json'], /\.\/no\/such\.json: there is no such file/],
    [['list', '--endpoint', 'nonsense'], /"nonsense" is no endpoint of GCE's API/],
    [['list', '--endpoint', 'ftp://127.0.0.1'], /"ftp:\/\/127\.0\.0\.1" is no endpoint of GCE's API/],
    [['list', '--fleet', 'no/such/fleet.yaml'], /no\/such\/fleet\.yaml: cannot be read/],
  ])('%j is refused with one sentence and exit code 2', async (words, sentence) => {
    const { exitCode, stderr } = await command(...words);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(sentence);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  test('an archive that cannot be reached is one sentence; nothing is left', async () => {
    const words = ['build', '--plan', '--fleet', join(ROOT, 'configs/fleets/lab.yaml')];
    const env = {
      RTPFLEET_CACHE: folder,
      http_proxy: 'http://127.0.0.1:1',
      https_proxy: 'http://127.0.0.1:1',
    };
    const { exitCode, stderr } = await execa(process.execPath, [CLI, ...words], { reject: false, env });
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/^the archive of trixie cannot be read:\n {4}E: /m);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(readdirSync(join(folder, 'image')).toSorted()).toEqual(['apt', 'logs']);
  });
});

test.each([[['--version', '12.5']], [['--', '--version', '12.5']]])(
  'pnpm image:build %j hands its words on',
  async (words) => {
    const script = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).scripts['image:build'];
    const own = script.replace(/^node scripts\/setup.mjs --for image && /, '');
    // pnpm and npm put the words behind the script as they are, npm without the dashes.
    const { exitCode, stderr } = await execa('sh', ['-c', `${own} "$@"`, 'sh', ...words], {
      ...{ cwd: ROOT, reject: false, env: { RTPFLEET_CACHE: folder } },
    });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('--version 12.5: that is no RTPEngine version');
  },
);
