import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { findDisk, formOf } from '../../lab/qemu/find-disk.ts';

const folder = mkdtempSync(join(tmpdir(), 'rtpfleet-find-'));
const environment = { RTPFLEET_CACHE: folder };
afterAll(() => rmSync(folder, { recursive: true }));

const entry = join(folder, 'image/disk/abc');
mkdirSync(entry, { recursive: true });
writeFileSync(join(entry, 'manifest.json'), '{"image":"rtpengine-of-another-release","format":99}');
writeFileSync(join(folder, 'my.qcow2'), '');

test('a file is taken for what its name says', () => {
  expect(findDisk(join(folder, 'my.qcow2'), environment)).toEqual({
    file: join(folder, 'my.qcow2'),
    form: 'qcow2',
  });
  expect(['a.tar.gz', 'a.tgz', 'a.raw', 'a.qcow2', 'a.iso'].map(formOf)).toEqual([
    'archive',
    'archive',
    'raw',
    'qcow2',
    undefined,
  ]);
});

test.each(['no-such-image', 'no/such/disk.raw'])('%s is refused, with what there is', (word) => {
  expect(() => findDisk(word, environment)).toThrow(
    expect.objectContaining({
      code: 'no-such-image',
      hint: 'In the cache: rtpengine-of-another-release.',
    }),
  );
});

test('what another release of rtpfleet built is not booted as if it were understood', () => {
  expect(() => findDisk('rtpengine-of-another-release', environment)).toThrow(/manifest is not valid/);
});
