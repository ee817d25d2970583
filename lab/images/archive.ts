/** The tar.gz of an image as GCE imports it: one member `disk.raw` in GNU format, whole GiB. */
import { createReadStream } from 'node:fs';
import { mkdir, open, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { execa } from 'execa';
import { FleetError } from '../../lib/errors.ts';
import { type FirstMember, formatProblem, parseHeader } from './tar-header.ts';

export const GIB = 1024 ** 3;

export function imageFormat(archive: string, problem: string): FleetError {
  return new FleetError({
    kind: 'usage',
    code: 'image-format',
    message: `${archive} is not an image that Compute Engine imports: ${problem}.`,
    hint: 'It wants a gzip-compressed tar (GNU format) with the one member disk.raw, whole GiB, with a partition table and an ext4 root.',
    facts: { archive },
  });
}

/** Unpacks into `folder`/disk.raw, holes kept. Rejects with code `image-format` or `disk-full`; leaves nothing then. */
export async function unpackDisk(archive: string, folder: string): Promise<{ readonly bytes: number }> {
  const problem = formatProblem(await firstMember(archive));
  if (problem !== undefined) throw imageFormat(archive, problem);
  await mkdir(folder, { recursive: true });
  try {
    await extract(archive, folder);
    const { size } = await stat(join(folder, 'disk.raw'));
    if (size === 0 || size % GIB !== 0)
      throw imageFormat(archive, `disk.raw has ${size} bytes, which is not a whole number of GiB`);
    return { bytes: size };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** The header of the first member; undefined: not gzip, or shorter than a header. Reads only the beginning. */
async function firstMember(archive: string): Promise<FirstMember | undefined> {
  const file = await open(archive);
  const magic = Buffer.alloc(2);
  await file.read(magic, 0, 2, 0).finally(() => file.close());
  if (magic.readUInt16BE(0) !== 0x1f8b) return undefined;
  const source = createReadStream(archive);
  const unzipped = source.pipe(createGunzip());
  try {
    for await (const chunk of unzipped as AsyncIterable<Buffer>)
      return chunk.length >= 512 ? parseHeader(chunk.subarray(0, 512)) : undefined;
  } catch {
    return undefined;
  } finally {
    source.destroy();
    unzipped.destroy();
  }
  return undefined;
}

/** GNU tar names each member that it unpacks, so one pass both unpacks and shows whether there was a second one. */
async function extract(archive: string, folder: string): Promise<void> {
  const args = ['--extract', '--gzip', '--sparse', '--verbose', '--no-same-owner', '--file', archive];
  const result = await execa('tar', [...args, '--directory', folder], {
    reject: false,
    stdin: 'ignore',
    env: { LC_ALL: 'C' },
  });
  if (result.failed) {
    const { bavail, bsize } = await statfs(dirname(folder));
    if (bavail * bsize < 64 * 1024 ** 2) throw diskFull(archive, folder, result.stderr);
    throw imageFormat(archive, `tar cannot unpack it (${result.stderr.trim().split('\n')[0]})`);
  }
  const members = result.stdout.trim().split('\n');
  if (members.length > 1)
    throw imageFormat(archive, `it has ${members.length} members: ${members.join(', ')}`);
}

function diskFull(archive: string, folder: string, why: string): FleetError {
  return new FleetError({
    kind: 'stop',
    code: 'disk-full',
    message: `No room in ${dirname(folder)} to unpack ${archive}.`,
    hint: 'Free some space, or put the lab elsewhere with RTPFLEET_LAB.',
    cause: why,
  });
}
