/** What apt's programs print, read. Pure. */
import type { ArchivePackage, Package } from './packages.ts';

/** `name=version`, as apt takes it. */
export function wordPackage({ name, version }: Package): string {
  return `${name}=${version}`;
}

/** `'http://…/libc6_2.41-12%2bdeb13u4_amd64.deb' libc6_2.41-12+deb13u4_amd64.deb 2846580 …` → name and version. */
export function parsePrintedUris(text: string): readonly Package[] {
  const packages = [...text.matchAll(/^'[^']+' ([^_\s]+)_([^_\s]+)_[^_\s]+\.deb /gm)].map(
    ([, name = '', version = '']) => ({ name, version: version.replaceAll('%3a', ':') }),
  );
  return packages.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** Control stanzas as `apt-cache show` prints them → what identifies each package. Sorted by name. Pure. */
export function parseStanzas(text: string): readonly ArchivePackage[] {
  const byName = new Map<string, ArchivePackage>();
  for (const stanza of text.split(/\n\n+/)) {
    const field = (name: string) => new RegExp(`^${name}: *(.*)$`, 'm').exec(stanza)?.[1] ?? '';
    const name = field('Package');
    if (name === '' || byName.has(name)) continue;
    const [version, architecture, sha256] = [field('Version'), field('Architecture'), field('SHA256')];
    byName.set(name, { name, version, architecture, sha256, size: Number(field('Size')) });
  }
  return [...byName.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** ` name | version | source` lines of `apt-cache madison` → `name=version`. Pure. */
export function parseMadison(text: string): ReadonlySet<string> {
  const lines = text.split('\n').map((line) => line.split('|').map((word) => word.trim()));
  return new Set(lines.map(([name = '', version = '']) => wordPackage({ name, version })));
}
