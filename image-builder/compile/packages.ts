/** A folder of Debian packages that apt can install from: an index beside them, and a record of what they are. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FleetError } from '../../lib/errors.ts';
import { versionOfDebian } from '../../lib/version.ts';
import { USUAL } from '../architecture.ts';
import { runCommand, type Shop } from '../command.ts';
import { fileDigest } from '../file-digest.ts';

export type Deb = { readonly file: string; readonly sha256: string };

/** The record of a folder of packages. */
export type DebSet = {
  /** Upstream has called it `ngcp-rtpengine-daemon` and `rtpengine-daemon`. */
  readonly daemon: string;
  /** Debian version of the daemon's package. */
  readonly debianVersion: string;
  /** Release as upstream tags it. */
  readonly version: string;
  readonly debs: readonly Deb[];
};

const RECORD = 'debs.json';

/** Packages of a folder by name, with their digests. */
export async function debsIn(folder: string): Promise<readonly Deb[]> {
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.deb'))
    .toSorted();
  return await Promise.all(
    files.map(async (file) => ({ file, sha256: await fileDigest(join(folder, file)) })),
  );
}

/**
 * Writes the index and the record.
 * @param shown how a message names the folder
 * @throws FleetError `usage`, code `no-daemon`: none of the packages is RTPEngine's daemon
 */
export async function indexDebs(shop: Shop, folder: string, shown = folder): Promise<DebSet> {
  const debs = await debsIn(folder);
  const stanzas: string[] = [];
  for (const { file, sha256 } of debs) {
    const fields = await runCommand(shop, ['dpkg-deb', '--field', join(folder, file)]);
    const size = statSync(join(folder, file)).size;
    stanzas.push(`${fields.trimEnd()}\nFilename: ./${file}\nSize: ${size}\nSHA256: ${sha256}\n`);
  }
  writeFileSync(join(folder, 'Packages'), stanzas.join('\n'));
  const set = { ...daemonOf(stanzas, shown), debs };
  writeFileSync(join(folder, RECORD), `${JSON.stringify(set, null, 2)}\n`);
  return set;
}

export function readDebs(folder: string): DebSet {
  return JSON.parse(readFileSync(join(folder, RECORD), 'utf8'));
}

/** Finds RTPEngine's daemon among control stanzas. Pure. */
export function daemonOf(stanzas: readonly string[], folder: string): Omit<DebSet, 'debs'> {
  const usable = ['all', USUAL];
  for (const stanza of stanzas) {
    const field = (name: string) => new RegExp(`^${name}: *(.*)$`, 'm').exec(stanza)?.[1] ?? '';
    const daemon = field('Package');
    if (!/^(?:ngcp-)?rtpengine-daemon$/.test(daemon) || !usable.includes(field('Architecture'))) continue;
    const version = versionOfDebian(field('Version'));
    if (version !== undefined) return { daemon, debianVersion: field('Version'), version };
  }
  throw new FleetError({
    kind: 'usage',
    code: 'no-daemon',
    message: `${folder} has no package of RTPEngine's daemon for ${USUAL} with a release as its version`,
    hint: 'It is called ngcp-rtpengine-daemon or rtpengine-daemon.',
    facts: { folder },
  });
}
