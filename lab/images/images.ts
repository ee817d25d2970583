/**
 * Imported images: `.lab/images/<id>/disk.raw`, its root partition mounted read-only at `root`, once for all machines made from it.
 */
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FleetError, reasonOf } from '../../lib/errors.ts';
import { readJson, writeJson } from '../host/json-file.ts';
import { isMounted, unmountBelow } from '../host/mounts.ts';
import { until } from '../host/processes.ts';
import { attempt, run } from '../host/run.ts';
import type { DiskFacts, Images } from '../ports.ts';
import { GIB, imageFormat, unpackDisk } from './archive.ts';
import { EXT4_MAGIC, type Partition, parsePartitions, rootPartition } from './partitions.ts';

export type ImageStore = Images & {
  /** Folder of the image's root file system, mounted if it was not (the host restarted). Rejects with code `no-image`. */
  readonly root: (imageId: string) => Promise<string>;
};

export type ImageOptions = {
  readonly folder: string;
  /** True while a machine is made from this image. */
  readonly inUse: (imageId: string) => Promise<boolean>;
};

export function createImages({ folder, inUse }: ImageOptions): ImageStore {
  const at = (imageId: string): string => join(folder, 'images', imageId);
  const mounting = new Map<string, Promise<string>>();
  return {
    importDisk: (imageId, tarGz) => importDisk(at(imageId), tarGz),
    remove: async (imageId) => {
      if (await inUse(imageId)) throw imageInUse(imageId);
      await discard(at(imageId));
    },
    root: (imageId) => {
      const under = mounting.get(imageId) ?? mountRoot(at(imageId)).finally(() => mounting.delete(imageId));
      mounting.set(imageId, under);
      return under;
    },
  };
}

function imageInUse(imageId: string): FleetError {
  return new FleetError({
    kind: 'stop',
    code: 'image-in-use',
    message: `Image ${imageId} is the boot disk of a machine.`,
    hint: 'Delete the machine first.',
    facts: { imageId },
  });
}

/** Works aside and renames, so that an import that is cut off leaves no half image under the image's name. */
async function importDisk(target: string, tarGz: string): Promise<DiskFacts> {
  const aside = `${target}.import`;
  await discard(aside);
  const { bytes } = await unpackDisk(tarGz, aside);
  try {
    await writeJson(join(aside, 'root.json'), await findRoot(join(aside, 'disk.raw'), tarGz));
    await mkdir(join(aside, 'root'));
    await mountRoot(aside).catch((cause: unknown) => {
      throw imageFormat(tarGz, `its root file system cannot be mounted (${reasonOf(cause)})`);
    });
    await discard(target);
    await rename(aside, target);
  } catch (error) {
    await discard(aside);
    throw error;
  }
  return { diskSizeGb: bytes / GIB, archiveSizeBytes: (await stat(tarGz)).size };
}

async function findRoot(disk: string, archive: string): Promise<Partition> {
  const json = await attempt('sfdisk', ['--json', disk]);
  const partitions = json === undefined ? undefined : parsePartitions(JSON.parse(json));
  if (partitions === undefined || partitions.length === 0)
    throw imageFormat(archive, 'its disk.raw has no partition table');
  const isExt4 = await Promise.all(partitions.map(({ offset }) => hasExt4(disk, offset)));
  const root = rootPartition(partitions, isExt4);
  if (root === undefined)
    throw imageFormat(archive, 'none of its partitions is a Linux root with an ext4 file system');
  return root;
}

async function hasExt4(disk: string, offset: number): Promise<boolean> {
  const magic = Buffer.alloc(2);
  const file = await open(disk);
  await file.read(magic, 0, 2, offset + EXT4_MAGIC.offset).finally(() => file.close());
  return magic.readUInt16LE(0) === EXT4_MAGIC.value;
}

/** `noload`: the disk is read-only for ever, so that a journal cannot be replayed; a finished image has an empty one. */
async function mountRoot(image: string): Promise<string> {
  const root = join(image, 'root');
  if (await isMounted(root)) return root;
  const partition = (await readJson(join(image, 'root.json'))) as Partition | undefined;
  if (partition === undefined)
    throw new FleetError({ kind: 'stop', code: 'no-image', message: `There is no image in ${image}.` });
  const options = `ro,noload,loop,offset=${partition.offset},sizelimit=${partition.bytes}`;
  await run('mount', ['-t', 'ext4', '-o', options, join(image, 'disk.raw'), root]);
  return root;
}

/** The kernel frees the loop device when the last mount of it, in any namespace, is gone: that is waited for. */
async function discard(image: string): Promise<void> {
  await unmountBelow(image);
  const free = async (): Promise<boolean> => !(await attempt('losetup', ['-j', join(image, 'disk.raw')]));
  await until(free, 5_000, 50);
  await rm(image, { recursive: true, force: true });
}

/** Unmounts every image of the lab in `folder`; for clean-up, when no machine runs any more. */
export async function discardAllImages(folder: string): Promise<void> {
  const images = join(folder, 'images');
  for (const name of await readdir(images).catch(() => [])) await discard(join(images, name));
}
