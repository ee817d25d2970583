/** Where a version comes from that was asked for without a word on where from: the base's own package, or upstream's git. */
import type { Fleet } from '../../configs/fleet.ts';
import { resolveVersion, versionOfDebian } from '../../lib/version.ts';
import { USUAL } from '../architecture.ts';
import { BASES } from '../bases.ts';
import type { Cache } from '../cache.ts';
import type { Shop } from '../command.ts';
import { findLock } from '../lock/use.ts';
import { findMirrors } from '../mirrors.ts';
import { openIndex } from '../packages.ts';
import type { Progress } from '../progress.ts';
import { UPSTREAM } from '../versions/source.ts';

/** What was said on the command line. */
export type Asked = {
  readonly version?: string;
  readonly source?: string;
  /** Path of the fleet file. */
  readonly fleet: string;
  readonly listVersions?: boolean;
};

/**
 * Whether the source is open: a version of its own on the command line, no source beside it, and a fleet file that takes the base's
 * package. A lock says what it was written for; nothing is compiled for arm64.
 * @param file the fleet file as it is
 * @param wanted the same with what the command line says instead
 */
export function isSourceOpen(asked: Asked, file: Fleet, wanted: Fleet): boolean {
  const { source, version } = file.image;
  const isOther = asked.version !== undefined && asked.version !== version;
  if (asked.listVersions === true || !isOther) return false;
  if (asked.source !== undefined || source !== 'debian') return false;
  return wanted.image.architecture === USUAL && findLock(asked.fleet, wanted) === undefined;
}

/** The same fleet with a source that has the version. Upstream's git is asked only when the base has another one. */
export async function chooseSource(
  shop: Shop,
  cache: Cache,
  fleet: Fleet,
  progress: Progress,
): Promise<Fleet> {
  const { version, base } = fleet.image;
  return await progress(`Find RTPEngine ${version}`, async (line) => {
    const offered = BASES[base].hasRtpengine ? await offeredBy(shop, cache, fleet) : [];
    const source = sourceOf(version, offered);
    const has = `${base} has ${offered.join(', ') || 'none'}`;
    line.result(source === 'debian' ? has : `${has}; taken from ${UPSTREAM}`);
    return { ...fleet, image: { ...fleet.image, source } };
  });
}

/** @param offered releases that the base has; pure */
export function sourceOf(wanted: string, offered: readonly string[]): 'debian' | 'git' {
  return resolveVersion(wanted, offered) === undefined ? 'git' : 'debian';
}

async function offeredBy(shop: Shop, cache: Cache, { image: { base } }: Fleet): Promise<readonly string[]> {
  const { image: mirrors } = await findMirrors(shop, cache, base);
  const index = await openIndex(shop, cache, { codename: BASES[base].codename, mirrors });
  return offeredReleases(await index.madison(['rtpengine-daemon']));
}

/** Releases in what `apt-cache madison rtpengine-daemon` prints, each once, in its order. Pure. */
export function offeredReleases(madison: string): readonly string[] {
  const versions = madison.split('\n').map((line) => line.split('|')[1]?.trim() ?? '');
  return [...new Set(versions.flatMap((version) => versionOfDebian(version) ?? []))];
}
