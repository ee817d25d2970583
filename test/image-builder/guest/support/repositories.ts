/** Repositories for apt in a folder, each signed with one of a few keys that are made for them. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { textDigest } from '../../../../image-builder/digest.ts';

export type Repositories = {
  readonly folder: string;
  /** File with the public key of a signer. */
  readonly keyOf: (signer: string) => string;
  readonly fingerprintOf: (signer: string) => Promise<string>;
  /** A repository `name` with one suite. @returns its URL */
  readonly publish: (name: string, suite: string, packages: string, signer: string) => Promise<string>;
  readonly close: () => Promise<void>;
};

export async function openRepositories(signers: readonly string[]): Promise<Repositories> {
  // Short names: gpg's agent listens on sockets in its folder, and their paths may have 107 characters.
  const folder = mkdtempSync(join(tmpdir(), 'r-'));
  const home = ['--homedir', join(folder, 'g')];
  const quiet = ['--batch', '--yes', '--pinentry-mode', 'loopback', '--passphrase', ''];
  const gpg = (...words: readonly string[]) => execa('gpg', [...home, ...quiet, ...words]);
  const mail = (signer: string) => `${signer}@example.org`;
  const keyOf = (signer: string) => join(folder, `${signer}.asc`);
  mkdirSync(join(folder, 'g'), { mode: 0o700 });
  for (const signer of signers) {
    await gpg('--quick-generate-key', mail(signer), 'ed25519', 'sign', 'never');
    await gpg('--armor', '--output', keyOf(signer), '--export', mail(signer));
  }
  return {
    folder,
    keyOf,
    fingerprintOf: async (signer) => {
      const { stdout } = await gpg('--with-colons', '--fingerprint', mail(signer));
      return /^fpr:+([0-9A-F]{40}):/m.exec(stdout)?.[1] ?? '';
    },
    publish: async (name, suite, packages, signer) => {
      const place = join(folder, name, 'dists', suite);
      const release = writeRelease(place, suite, packages);
      const signature = ['--local-user', mail(signer), '--output', join(place, 'InRelease'), '--clearsign'];
      await gpg(...signature, release);
      return `file://${join(folder, name)}`;
    },
    close: async () => {
      await execa('gpgconf', [...home, '--kill', 'all'], { reject: false });
      rmSync(folder, { recursive: true });
    },
  };
}

/** Where the packages of a suite are listed, below its folder. */
export const INDEX = 'main/binary-amd64/Packages';

function writeRelease(place: string, suite: string, packages: string): string {
  mkdirSync(join(place, 'main/binary-amd64'), { recursive: true });
  writeFileSync(join(place, INDEX), packages);
  const head = `Suite: ${suite}\nCodename: ${suite}\nDate: ${new Date().toUTCString()}\nArchitectures: amd64\n`;
  const sums = `SHA256:\n ${textDigest(packages)} ${packages.length} ${INDEX}\n`;
  writeFileSync(join(place, 'Release'), `${head}Components: main\n${sums}`);
  return join(place, 'Release');
}

/** What an index says of one package. */
export function stanza(name: string, version: string, more = ''): string {
  const facts = `Package: ${name}\nVersion: ${version}\nArchitecture: amd64\n${more}Maintainer: x <x@example.org>\n`;
  return `${facts}Filename: pool/${name}.deb\nSize: 1\nSHA256: ${textDigest(`${name} ${version}`)}\nDescription: x\n\n`;
}
