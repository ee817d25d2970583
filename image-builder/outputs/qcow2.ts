/** The disk as QEMU's own format: sparse and compressed, so that it can be handed round. */
import { linkSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { Shop } from '../command.ts';
import { WORK } from '../disk.ts';
import { type Bench, runTool } from '../tools.ts';

/** Code that decides the bytes: when it changes, so does the key. */
export const CODE = ['outputs/qcow2.ts'];

/** Not among the tools of every build: few want it. */
export const QEMU_TOOLS: readonly string[] = ['qemu-utils', 'tar', 'gzip'];

const FILE = 'disk.qcow2';

export async function makeQcow2(shop: Shop, bench: Bench, archive: string, target: string): Promise<void> {
  linkSync(archive, join(bench.work, WORK.archive));
  await runTool(shop, bench, ['tar', '--extract', '--gzip', '--sparse', '--file', WORK.archive]);
  // One coroutine: with more, the order of clusters would depend on the machine's speed.
  const form = ['-f', 'raw', '-O', 'qcow2', '-c', '-o', 'compression_type=zstd', '-m', '1'];
  await runTool(shop, bench, ['qemu-img', 'convert', ...form, WORK.disk, FILE]);
  await runTool(shop, bench, ['qemu-img', 'check', '-q', FILE]);
  renameSync(join(bench.work, FILE), target);
}
