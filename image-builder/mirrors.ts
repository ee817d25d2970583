/**
 * Where the packages of each distribution come from: from the environment when it says so, else from where apt of this machine gets
 * its own. So any machine builds any base, and no host name is written in this project.
 */
import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { FleetError } from '../lib/errors.ts';
import { BASES, type BaseName, COMPONENTS, type Distribution, TOOLS_CODENAME } from './bases.ts';
import { type Cache, remove, workFolder } from './cache.ts';
import { runCommand, type Shop } from './command.ts';
import { openIndex } from './packages.ts';
import {
  type AptSource,
  debianMirrors,
  hostCodename,
  hostId,
  type Mirrors,
  readHostSources,
} from './sources.ts';

/** Mirrors of the image's base, and of Debian, which the tools are from. */
export type FleetMirrors = { readonly image: Mirrors; readonly tools: Mirrors };

/** What apt of this machine is set up for. */
export type AptHost = {
  /** As in os-release(5), e.g. `debian`. */
  readonly id: string;
  readonly codename: string;
  readonly sources: readonly AptSource[];
};

type Environment = Readonly<Record<string, string | undefined>>;

export const MIRROR_VARIABLE: Readonly<Record<Distribution, string>> = {
  debian: 'RTPFLEET_DEBIAN_MIRROR',
  ubuntu: 'RTPFLEET_UBUNTU_MIRROR',
};

/** @throws FleetError `usage`, code `no-mirror` or `no-debian-mirror` */
export async function findMirrors(shop: Shop, cache: Cache, base: BaseName): Promise<FleetMirrors> {
  const host = { id: hostId(), codename: hostCodename(), sources: readHostSources() };
  const debian = mirrorsOf('debian', host, process.env);
  const tools = isNamed('debian') ? withKeyring('debian', debian) : debian;
  const { distribution } = BASES[base];
  if (distribution === 'debian') return { image: tools, tools };
  const ubuntu = mirrorsOf('ubuntu', host, process.env);
  if (!isNamed('ubuntu')) return { image: ubuntu, tools };
  const { keyring = await ubuntuKeyring(shop, cache, tools) } = withKeyring('ubuntu', ubuntu);
  return { image: { ...ubuntu, keyring }, tools };
}

/** What apt of this machine is set up for, it also has the keys of. */
function isNamed(distribution: Distribution): boolean {
  return (process.env[MIRROR_VARIABLE[distribution]] ?? '').trim() !== '';
}

/**
 * Of the environment: `MAIN` or `MAIN SECURITY`, two URLs. Security updates of Ubuntu are on its mirrors as well; Debian's are
 * beside it, by custom under the same name with `-security` behind it. Pure.
 */
export function mirrorsOf(distribution: Distribution, host: AptHost, environment: Environment): Mirrors {
  const components = COMPONENTS[distribution];
  const named = (environment[MIRROR_VARIABLE[distribution]] ?? '').split(/\s+/).filter(Boolean);
  const [main, security] = named.map((url) => url.replace(/\/+$/, ''));
  if (main !== undefined) {
    const beside = distribution === 'debian' ? `${main}-security` : main;
    return { main, security: security ?? beside, signedBy: undefined, components };
  }
  const isUbuntu = host.id === 'ubuntu';
  if (distribution === 'debian' && !isUbuntu) return debianMirrors(host.sources, host.codename);
  if (distribution === 'ubuntu' && isUbuntu) return { ...ownUbuntu(host), components };
  throw noMirror(distribution);
}

function ownUbuntu({ sources, codename }: AptHost): Mirrors {
  const usable = sources.filter((source) => source.components.includes('universe'));
  const main = usable.find(({ suite }) => suite === codename);
  const security = usable.find(({ suite }) => suite === `${codename}-security`);
  if (main === undefined || security === undefined) throw noMirror('ubuntu');
  return { main: main.uri, security: security.uri, signedBy: main.signedBy };
}

function noMirror(distribution: Distribution): FleetError {
  const name = distribution === 'debian' ? 'Debian' : 'Ubuntu';
  const variable = MIRROR_VARIABLE[distribution];
  return new FleetError({
    kind: 'usage',
    code: 'no-mirror',
    message: `apt of this machine names no archive of ${name}, so there is nowhere to get its packages from`,
    hint: `Say where it is: ${variable}=http://HOST/${distribution} in the environment.`,
    facts: { distribution, variable },
  });
}

/** With the key of the distribution's package of keys, where that is installed. */
function withKeyring(distribution: Distribution, mirrors: Mirrors): Mirrors {
  const keyring = `/usr/share/keyrings/${distribution}-archive-keyring.gpg`;
  return existsSync(keyring) ? { ...mirrors, keyring } : mirrors;
}

/** Out of Debian's package of it, so that trust in Ubuntu's archive comes from trust in Debian's. */
async function ubuntuKeyring(shop: Shop, cache: Cache, mirrors: Mirrors): Promise<string> {
  const folder = join(cache.root, 'keys', 'ubuntu-keyring');
  const keyring = join(folder, 'usr/share/keyrings/ubuntu-archive-keyring.gpg');
  if (existsSync(keyring)) return keyring;
  const index = await openIndex(shop, cache, { codename: TOOLS_CODENAME, mirrors });
  const wanted = (await index.resolve(['ubuntu-keyring'])).filter(({ name }) => name === 'ubuntu-keyring');
  const work = workFolder(cache, 'keyring');
  await index.download(wanted, work);
  const [deb = ''] = readdirSync(work);
  await runCommand(shop, ['dpkg-deb', '--extract', join(work, deb), join(work, 'tree')]);
  mkdirSync(join(cache.root, 'keys'), { recursive: true });
  if (!existsSync(folder)) renameSync(join(work, 'tree'), folder);
  await remove(shop, [work]);
  return keyring;
}
