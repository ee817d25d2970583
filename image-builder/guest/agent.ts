/** Google's guest environment in an image: packages by which a machine takes orders of GCE, and where they come from. */
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Fleet } from '../../configs/fleet.ts';
import { FleetError, reasonOf } from '../../lib/errors.ts';
import type { Cache } from '../cache.ts';
import { textDigest } from '../digest.ts';
import type { SignedSource } from '../packages.ts';
import { fingerprints, keyBytes } from './fingerprint.ts';

/** Packages on top of the guest agent. With OS Login, the agent sets up sshd, PAM and name service at boot. */
export function guestPackages({ relays }: Fleet): readonly string[] {
  return relays.osLogin ? ['google-compute-engine-oslogin', 'sudo'] : [];
}

/**
 * The repository of the guest agent, when it is not Debian's. Its key is copied into the cache, so that what was checked is
 * what apt reads.
 * @throws FleetError `usage`, code `repository-key`: no such key, or another one than the fleet file names
 */
export function agentSource(cache: Cache, { image }: Fleet): SignedSource | undefined {
  const { from, repository = '', suite = '', key = '', fingerprint = '' } = image.guestAgent;
  if (from === 'debian') return undefined;
  const file = resolve(key);
  const content = readKey(file);
  checkKey(file, content, fingerprint);
  const folder = join(cache.root, 'keys');
  const isArmored = content.includes('-----BEGIN PGP');
  const keyFile = join(
    folder,
    `${textDigest(content.toString('latin1')).slice(0, 16)}.${isArmored ? 'asc' : 'gpg'}`,
  );
  mkdirSync(folder, { recursive: true });
  copyFileSync(file, keyFile);
  return { uri: repository, suite, keyFile, fingerprint };
}

function readKey(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw badKey(`${file} cannot be read: ${reasonOf(cause)}`);
  }
}

/** Nothing but the one key: a second one in the file would be trusted as well. */
function checkKey(file: string, content: Buffer, wanted: string): void {
  const bytes = keyBytes(content);
  const found = bytes === undefined ? [] : fingerprints(bytes);
  if (found.length === 0) throw badKey(`${file} holds no OpenPGP public key`);
  const other = found.find((fingerprint) => fingerprint !== wanted.toUpperCase());
  if (other !== undefined) throw badKey(`${file} holds key ${other}, the fleet file names ${wanted}`);
}

function badKey(message: string): FleetError {
  return new FleetError({
    kind: 'usage',
    code: 'repository-key',
    message: `image.guestAgent: ${message}`,
    hint: 'Take the key and its fingerprint from Google, by two ways, and compare them: gpg --show-keys FILE.',
  });
}
