import { existsSync } from 'node:fs';
import { mkdir, open, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createImages, discardAllImages, type ImageStore } from '../../lab/images/images.ts';
import { newLabFolder } from '../support/lab-machinery.ts';

const ROOT_TYPE = '4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709';
const TABLE = `label: gpt\nstart=2048,size=2048,type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B\nstart=4096,size=32768,type=${ROOT_TYPE}\n`;

let folder: string;
let images: ImageStore;
let used: string[];

beforeAll(async () => {
  folder = await newLabFolder();
  used = [];
  images = createImages({ folder, inUse: async (id) => used.includes(id) });
});
afterAll(async () => {
  await discardAllImages(folder);
  await rm(folder, { recursive: true, force: true });
});

type Disk = { readonly size?: number; readonly table?: string; readonly root?: 'ext4' | 'broken' | 'none' };

/** A 1 GiB disk whose root holds /etc/hello. */
async function disk(
  name: string,
  { size = 1024 ** 3, table = TABLE, root = 'ext4' }: Disk = {},
): Promise<string> {
  const place = join(folder, `make-${name}`);
  await mkdir(join(place, 'tree/etc'), { recursive: true });
  await writeFile(join(place, 'tree/etc/hello'), name);
  const raw = join(place, 'disk.raw');
  await writeFile(raw, '');
  await truncate(raw, size);
  if (table !== '') await execa('sfdisk', ['--quiet', raw], { input: table });
  if (root !== 'none') {
    await execa('mke2fs', ['-q', '-t', 'ext4', '-d', join(place, 'tree'), join(place, 'root'), '16M']);
    await execa('dd', [`if=${join(place, 'root')}`, `of=${raw}`, 'bs=1M', 'seek=2', 'conv=notrunc']);
  }
  if (root === 'broken') await damage(raw, 2 * 1024 ** 2);
  return place;
}

/** Leaves the magic number of ext4, and nothing that could be mounted. */
async function damage(raw: string, offset: number): Promise<void> {
  const file = await open(raw, 'r+');
  await file.write(Buffer.alloc(56, 0xff), 0, 56, offset + 1024);
  await file.close();
}

async function pack(place: string, format = 'oldgnu', ...members: readonly string[]): Promise<string> {
  const archive = `${place}.tar.gz`;
  const files = members.length > 0 ? members : ['disk.raw'];
  await execa('tar', ['--sparse', `--format=${format}`, '-C', place, '-czf', archive, ...files]);
  return archive;
}

const loops = async (): Promise<string> => (await execa('losetup', ['--all'])).stdout;

test('an image is unpacked with its holes, and its root is mounted read-only', async () => {
  const archive = await pack(await disk('good'));
  const facts = await images.importDisk('1', archive);
  expect(facts.diskSizeGb).toBe(1);
  const root = await images.root('1');
  expect((await execa('cat', [join(root, 'etc/hello')])).stdout).toBe('good');
  await expect(writeFile(join(root, 'etc/new'), '')).rejects.toMatchObject({ code: 'EROFS' });
  const { stdout } = await execa('du', ['--block-size=1M', join(folder, 'images/1/disk.raw')]);
  expect(Number(stdout.split('\t')[0])).toBeLessThan(64);
});

test('it is kept while a machine uses it; removed, nothing of it is left', async () => {
  used.push('1');
  await expect(images.remove('1')).rejects.toMatchObject({ code: 'image-in-use' });
  used.length = 0;
  await images.remove('1');
  await images.remove('1');
  expect(existsSync(join(folder, 'images/1'))).toBe(false);
  expect(await loops()).not.toContain(folder);
});

test.each([
  ['POSIX format', async () => pack(await disk('posix'), 'posix'), /POSIX format/],
  ['two members', async () => pack(await disk('two'), 'oldgnu', 'disk.raw', 'tree/etc/hello'), /2 members/],
  ['another member', async () => pack(await disk('name'), 'oldgnu', 'tree/etc/hello'), /tree\/etc\/hello/],
  ['no whole GiB', async () => pack(await disk('half', { size: 1024 ** 3 / 2 })), /whole number of GiB/],
  [
    'no partition table',
    async () => pack(await disk('bare', { table: '', root: 'none' })),
    /no partition table/,
  ],
  ['no root', async () => pack(await disk('rootless', { root: 'none' })), /Linux root/],
  ['a broken root', async () => pack(await disk('broken', { root: 'broken' })), /cannot be mounted/],
  ['no archive', async () => writeText('text.tar.gz', 'hello'), /not a gzip-compressed tar/],
  ['a cut archive', async () => cut(await pack(await disk('cut'))), /cannot unpack/],
])('refused, with the reason and nothing left: %s', async (_, make, reason) => {
  const archive = await make();
  const refusal = await images.importDisk('2', archive).catch((error: unknown) => error);
  expect(refusal).toMatchObject({ code: 'image-format', kind: 'usage' });
  expect(String(refusal)).toMatch(reason);
  expect(await readdir(join(folder, 'images')).catch(() => [])).toEqual([]);
  expect(await loops()).not.toContain(folder);
});

async function writeText(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text);
  return join(folder, name);
}

async function cut(archive: string): Promise<string> {
  await truncate(archive, 5_000);
  return archive;
}
