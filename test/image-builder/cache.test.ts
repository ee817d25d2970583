import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type Cache,
  cached,
  entryPath,
  isCached,
  openCache,
  ownWorkFolders,
  sweep,
  workFolder,
} from '../../image-builder/cache.ts';
import { whileLocked } from '../../image-builder/locked.ts';

let cache: Cache;
const shop = () => ({ log: join(cache.root, 'log'), signal: new AbortController().signal });

beforeEach(() => {
  cache = { root: mkdtempSync(join(tmpdir(), 'rtpfleet-cache-')) };
});
afterEach(() => rmSync(cache.root, { recursive: true }));

describe('the cache', () => {
  test('lies where RTPFLEET_CACHE says, else in the repository', () => {
    expect(openCache({ RTPFLEET_CACHE: '/var/cache/fleet' }).root).toBe('/var/cache/fleet/image');
    expect(openCache({}).root).toMatch(/\/\.cache\/image$/);
  });

  test('makes an entry once, also when two want it at the same time', async () => {
    let made = 0;
    const fill = async (folder: string) => {
      made++;
      await sleep(50);
      writeFileSync(join(folder, 'result'), 'whole');
    };
    const [a, b] = await Promise.all([
      cached(shop(), cache, 'tree', 'key', fill),
      cached(shop(), cache, 'tree', 'key', fill),
    ]);
    expect(made).toBe(1);
    expect(a).toBe(b);
    expect(readFileSync(join(a, 'result'), 'utf8')).toBe('whole');
    expect(readdirSync(join(cache.root, 'tree'))).toEqual(['key']); // No lock is left.
    expect(await cached(shop(), cache, 'tree', 'key', () => Promise.reject(new Error('again')))).toBe(a);
  });

  test('has no entry of a stage that failed, and makes it the next time', async () => {
    const failing = cached(shop(), cache, 'tree', 'key', async (folder) => {
      writeFileSync(join(folder, 'half'), '');
      throw new Error('no room');
    });
    await expect(failing).rejects.toThrow('no room');
    expect(isCached(cache, 'tree', 'key')).toBe(false);
    const entry = await cached(shop(), cache, 'tree', 'key', async (folder) =>
      writeFileSync(join(folder, 'whole'), ''),
    );
    expect(readdirSync(entry)).toEqual(['whole']);
    expect(entry).toBe(entryPath(cache, 'tree', 'key'));
  });

  test('loses the locks that killed builds left, and no other', async () => {
    for (const kind of ['tree', 'debs']) mkdirSync(join(cache.root, kind));
    const [held, left] = [join(cache.root, 'tree/held.lock'), join(cache.root, 'debs/left.lock')];
    writeFileSync(left, '');
    await whileLocked(shop(), held, async () => {
      await sweep(shop(), cache);
      expect([existsSync(held), existsSync(left)]).toEqual([true, false]);
    });
  });

  test('gives every caller a work folder of its own, which belongs to this process', () => {
    const folders = [workFolder(cache, 'bench'), workFolder(cache, 'bench')];
    expect(new Set(folders).size).toBe(2);
    mkdirSync(join(cache.root, 'work', '1.0.bench.1'));
    expect(ownWorkFolders(cache).toSorted()).toEqual(folders.toSorted());
    expect(folders.every((folder) => existsSync(folder))).toBe(true);
  });
});
