import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Shop } from '../../../image-builder/command.ts';
import { listVersions } from '../../../image-builder/versions/list.ts';
import { commitOf, listTags, parseTags } from '../../../image-builder/versions/tags.ts';

const folder = mkdtempSync(join(tmpdir(), 'rtpfleet-tags-'));
const repository = join(folder, 'upstream');
const shop: Shop = { log: join(folder, 'log'), signal: new AbortController().signal };
let commit = '';

async function git(...words: readonly string[]): Promise<string> {
  const who = ['-c', 'user.name=A', '-c', 'user.email=a@example.org'];
  return (await execa('git', ['-C', repository, ...who, ...words])).stdout;
}

beforeAll(async () => {
  await execa('git', ['init', '--quiet', '--initial-branch=master', repository]);
  await git('commit', '--allow-empty', '--quiet', '--message=one');
  for (const tag of ['mr13.4.1.9', 'mr13.4.1.10', 'v1']) await git('tag', tag);
  await git('tag', '--annotate', '--message=x', 'mr13.5.1.1');
  commit = await git('rev-parse', 'HEAD');
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('tags of a git repository', () => {
  test.each([() => repository, () => `file://${repository}`])(
    'are read from a path and from a URL: an annotated tag stands for its commit',
    async (place) => {
      const tags = await listTags(shop, place());
      expect(Object.fromEntries(tags)).toEqual({
        'mr13.4.1.9': commit,
        'mr13.4.1.10': commit,
        'mr13.5.1.1': commit,
        v1: commit,
      });
    },
  );

  test('are listed as releases, oldest first', async () => {
    expect(await listVersions(shop, `git+file://${repository}`)).toBe(
      'mr13.4.1.9\nmr13.4.1.10\nmr13.5.1.1\n',
    );
    expect(JSON.parse(await listVersions(shop, repository, true))).toEqual([
      'mr13.4.1.9',
      'mr13.4.1.10',
      'mr13.5.1.1',
    ]);
  });

  test('a branch, a tag and a commit lead to the commit; an unknown name is refused', async () => {
    for (const ref of ['master', 'mr13.5.1.1', commit])
      expect(await commitOf(shop, repository, ref)).toBe(commit);
    await expect(commitOf(shop, repository, 'main')).rejects.toMatchObject({
      kind: 'usage',
      message: `${repository} has no branch or tag main`,
    });
  });

  test('a place without a repository is one sentence', async () => {
    const nowhere = join(folder, 'nowhere');
    await expect(listVersions(shop, nowhere)).rejects.toMatchObject({
      kind: 'usage',
      code: 'no-source',
      message: expect.stringContaining(`${nowhere}: git cannot read it: `),
    });
  });

  test('sources without tags say what they offer', async () => {
    await expect(listVersions(shop, 'debian')).rejects.toMatchObject({ kind: 'usage', code: 'no-tags' });
  });

  test('other lines than tags do not count', () => {
    expect(parseTags('abc\tHEAD\nabc\trefs/heads/mr1.1.1.1\n').size).toBe(0);
  });
});
