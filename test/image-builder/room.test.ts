import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { runCommand } from '../../image-builder/command.ts';
import { asSoleRoot } from '../../image-builder/namespace.ts';
import { whileThereIsRoom } from '../../image-builder/room.ts';
import { FleetError } from '../../lib/errors.ts';

const folder = mkdtempSync(join(tmpdir(), 'rtpfleet-room-'));
const shop = { log: join(folder, 'log'), signal: new AbortController().signal };
afterAll(() => rmSync(folder, { recursive: true }));

const BUILDER = join(import.meta.dirname, '../../image-builder');

/** What a program of the builder prints that has a disk of 16 MiB to itself, its log included. */
async function onSmallDisk(work: string): Promise<string> {
  const script = join(folder, 'work.ts');
  writeFileSync(
    script,
    `import { runCommand } from '${BUILDER}/command.ts';
import { whileThereIsRoom } from '${BUILDER}/room.ts';
import { writeFileSync } from 'node:fs';
const [disk] = process.argv.slice(2);
const shop = { log: disk + '/log', signal: new AbortController().signal };
const run = (...words) => runCommand(shop, words);
await whileThereIsRoom(disk, async () => { ${work} }).then(() => console.log('done'), (error) => console.log(error.code + ': ' + error.message));
`,
  );
  const disk = join(folder, 'disk');
  const inside = 'mkdir -p "$2" && mount -t tmpfs -o size=16m tmpfs "$2" && exec "$0" "$1" "$2"';
  return await runCommand(shop, asSoleRoot(['sh', '-c', inside, process.execPath, script, disk]));
}

test('of an error of many lines the first one is said', async () => {
  const full = Object.assign(new Error('the tree cannot be made:\n    E: one'), { code: 'ENOSPC' });
  await expect(whileThereIsRoom(folder, () => Promise.reject(full))).rejects.toMatchObject({
    code: 'disk-full',
    message: `the disk of ${folder} ran full: the tree cannot be made`,
  });
});

test('a program that fills the disk, fails and tidies up, is told as a full disk', async () => {
  const fill = 'dd if=/dev/zero of="$0" bs=1M count=100 || { sleep 0.5; rm "$0"; exit 5; }';
  const said = await onSmallDisk(`await run('sh', '-c', '${fill}', disk + '/file')`);
  expect(said).toMatch(/^disk-full: the disk of \S+ ran full: sh failed \(exit code 5\)/);
});

test('so is a write of the builder itself', async () => {
  const said = await onSmallDisk("writeFileSync(disk + '/file', Buffer.alloc(100 * 1024 * 1024))");
  expect(said).toMatch(/^disk-full: the disk of \S+ ran full: ENOSPC/);
});

test('a failure on a disk with room stays what it is', async () => {
  const failing = whileThereIsRoom(folder, () => runCommand(shop, ['sh', '-c', 'exit 5']));
  await expect(failing).rejects.toMatchObject({ code: 'command-failed' });
});

test('Ctrl-C stays Ctrl-C', async () => {
  const stop = new FleetError({ kind: 'interrupted', code: 'interrupted', message: 'stop' });
  await expect(whileThereIsRoom(folder, () => Promise.reject(stop))).rejects.toBe(stop);
});
