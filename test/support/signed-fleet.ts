/** The lab's fleet with all that a fleet file can add to its image: forwarding in the kernel, OS Login, Secure Boot. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';

/** Debian's package `ovmf` has a pair for tests, so that images that are signed with it are the same in every test. */
const KEY = '/usr/share/ovmf/PkKek-1-snakeoil.key';
export const CERTIFICATE = '/usr/share/ovmf/PkKek-1-snakeoil.pem';
const PASSPHRASE = 'snakeoil';

export type SignedFleet = { readonly file: string; readonly keyFile: string };

/** @param folder gets the fleet file and the private key */
export async function signedFleet(folder: string): Promise<SignedFleet> {
  const keyFile = join(folder, 'db.key');
  await execa('openssl', ['pkey', '-in', KEY, '-passin', `pass:${PASSPHRASE}`, '-out', keyFile]);
  const secureBoot = JSON.stringify({ key: keyFile, certificate: CERTIFICATE });
  const plain = readFileSync(join(import.meta.dirname, '../../configs/fleets/lab.yaml'), 'utf8');
  const file = join(folder, 'signed.yaml');
  const text = plain
    .replace('rtpengine:\n', 'rtpengine:\n  kernel: wanted\n')
    .replace('relays:\n', 'relays:\n  osLogin: true\n')
    .replace('image:\n', `image:\n  secureBoot: ${secureBoot}\n`);
  writeFileSync(file, text);
  return { file, keyFile };
}
