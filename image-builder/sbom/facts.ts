/** What a system tree says of its packages: dpkg's status and Debian's copyright files. */
import { mkdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { Shop } from '../command.ts';
import type { Package } from '../packages.ts';
import { type Bench, runTool } from '../tools.ts';
import type { PackageFacts } from './cyclonedx.ts';
import { licencesOf } from './licences.ts';

const STATUS = 'var/lib/dpkg/status';
const DOC = 'usr/share/doc';

/**
 * @param archive name of the tree's tar in the work folder of `bench`
 * @param offered the same packages as the archive offered them, with the digests of their files where it told them
 */
export async function packageFacts(
  shop: Shop,
  bench: Bench,
  archive: string,
  offered: readonly (Package & { readonly sha256?: string })[],
): Promise<readonly PackageFacts[]> {
  const folder = 'sbom';
  mkdirSync(join(bench.work, folder));
  const pick = [`--include=./${STATUS}`, `--include=./${DOC}/*`];
  await runTool(shop, bench, ['bsdtar', '--extract', '--file', archive, '--directory', folder, ...pick]);
  const root = realpathSync(join(bench.work, folder));
  const digests = new Map(offered.map((item) => [`${item.name} ${item.version}`, item.sha256]));
  return parseStatus(readFileSync(join(root, STATUS), 'utf8')).map((item) => {
    const sha256 = digests.get(`${item.name} ${item.version}`);
    const licences = licencesOf(copyrightOf(root, item.name));
    return {
      ...item,
      ...(sha256 === undefined ? {} : { sha256 }),
      ...(licences === undefined ? {} : { licences }),
    };
  });
}

/** Many are links to the folder of another package; a link that leads out of the tree is not followed. */
function copyrightOf(root: string, name: string): string {
  try {
    const file = realpathSync(join(root, DOC, name, 'copyright'));
    return file.startsWith(`${root}/`) ? readFileSync(file, 'utf8') : '';
  } catch {
    return '';
  }
}

/** Installed packages of dpkg's status file, in the order of their names. Pure. */
export function parseStatus(text: string): readonly PackageFacts[] {
  const packages = text.split('\n\n').flatMap((stanza) => {
    const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(stanza)?.[1] ?? '';
    const [name, version] = [field('Package'), field('Version')];
    if (name === '' || !field('Status').endsWith(' installed')) return [];
    // `Source: glibc (2.41-12)`: the version only where it is another than the package's.
    const [, source = name, sourceVersion = version] = /^(\S+)(?: \((.+)\))?$/.exec(field('Source')) ?? [];
    // In KiB (deb-control(5)).
    const kib = field('Installed-Size');
    const size = /^\d+$/.test(kib) ? { installedBytes: Number(kib) * 1024 } : {};
    return [{ name, version, architecture: field('Architecture'), source, sourceVersion, ...size }];
  });
  return packages.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
