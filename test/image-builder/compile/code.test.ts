import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findCode, SOURCE_TAR, withoutCredentials } from '../../../image-builder/compile/code.ts';
import { parseSource } from '../../../image-builder/versions/source.ts';

const FIXTURE = join(import.meta.dirname, 'fixture');
const folder = mkdtempSync(join(tmpdir(), 'rtpfleet-code-'));
const repository = join(folder, 'repository');
const plain = join(folder, 'plain');
const tarball = join(folder, 'rtpengine.tar.gz');
const shop = { log: join(folder, 'log'), signal: new AbortController().signal };
let number = 0;
let commit = '';

function work(): string {
  const path = join(folder, `work${number++}`);
  mkdirSync(path);
  return path;
}

async function find(text: string, wanted = 'mr1.2.3.4') {
  const source = parseSource(text);
  if (source.kind === 'debian' || source.kind === 'debs') throw new Error(source.kind);
  return await findCode(shop, source, wanted, work());
}

/** Files of the archive that is written for a source. */
async function filesOf(text: string): Promise<readonly string[]> {
  const place = work();
  await (await find(text)).write(place);
  const { stdout } = await execa('tar', ['--list', '--file', join(place, SOURCE_TAR)]);
  return stdout
    .split('\n')
    .map((name) => name.replace(/^\.\//, ''))
    .filter((name) => name !== '' && !name.endsWith('/'))
    .toSorted();
}

beforeAll(async () => {
  for (const place of [repository, plain]) cpSync(FIXTURE, place, { recursive: true });
  const git = async (...words: string[]) =>
    (await execa('git', ['-C', repository, '-c', 'user.name=A', '-c', 'user.email=a@b', ...words])).stdout;
  await execa('git', ['init', '--quiet', '--initial-branch=master', repository]);
  await git('add', '--force', '.');
  await git('commit', '--quiet', '--message=one');
  await git('tag', '--annotate', '--message=x', 'mr1.2.3.4');
  commit = await git('rev-parse', 'HEAD');
  await execa('tar', ['--create', '--gzip', '--file', tarball, '--directory', folder, 'plain']);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('source code', () => {
  test('of a git repository is a commit, the same by path, URL, tag and branch', async () => {
    for (const text of [repository, `git+file://${repository}`, `file://${repository}#master`])
      expect((await find(text)).id).toBe(commit);
    expect(await find(repository, 'mr1')).toMatchObject({ commit, tag: 'mr1.2.3.4', place: repository });
  });

  test('of a version that has no tag is refused', async () => {
    await expect(find(repository, 'mr1.2.4')).rejects.toMatchObject({
      message: 'mr1.2.4: no such tag upstream; nearest: mr1.2.3.4',
    });
  });

  test('is written the same from repository, folder and tarball', async () => {
    const files = await filesOf(repository);
    expect(files).toContain('debian/control');
    expect(await filesOf(plain)).toEqual(files);
    expect(await filesOf(tarball)).toEqual(files);
  });

  test('of a folder is its content, not its times', async () => {
    const before = (await find(plain)).id;
    utimesSync(join(plain, 'main.c'), 1, 1);
    expect((await find(plain)).id).toBe(before);
    cpSync(join(plain, 'main.c'), join(plain, 'more.c'));
    expect((await find(plain)).id).not.toBe(before);
    rmSync(join(plain, 'more.c'));
  });

  test.each([
    ['/no/such/place', '/no/such/place is not there'],
    [import.meta.dirname, `${import.meta.dirname} has no debian/control`],
  ])('%s is refused', async (place, message) => {
    await expect(find(place)).rejects.toMatchObject({ kind: 'usage', message });
  });
});

test('credentials of a URL are not written down', () => {
  expect(withoutCredentials('https://me:secret@git.example/r.git')).toBe('https://git.example/r.git');
  expect(withoutCredentials('https://git.example/a@b')).toBe('https://git.example/a@b');
});

describe('a tarball of the network', () => {
  test('is known by its digest without a download, and is only taken with just that content', async () => {
    const content = readFileSync(tarball);
    const sha256 = createHash('sha256').update(content).digest('hex');
    let asked = 0;
    const server = createServer((_, response) => {
      asked++;
      response.end(content);
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const url = `http://127.0.0.1:${port}/rtpengine.tar.gz`;
    try {
      expect(await find(`${url}#sha256=${sha256}`)).toMatchObject({ id: sha256, place: url });
      expect(asked).toBe(0);
      expect(await filesOf(`${url}#sha256=${sha256}`)).toEqual(await filesOf(tarball));
      await expect(filesOf(`${url}#sha256=${'0'.repeat(64)}`)).rejects.toThrow(
        `${url} has sha256 ${sha256}, not 000`,
      );
    } finally {
      server.close();
    }
    await expect(filesOf(`${url}#sha256=${sha256}`)).rejects.toThrow(`${url}: cannot be fetched: `);
  });
});
