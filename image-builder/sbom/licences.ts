/** Which licences Debian says a package is under: the short names of its copyright file, and SPDX's identifiers for them. Pure. */

/** The machine-readable form says so in its first field (Debian: copyright-format/1.0). */
const FORMAT = /^Format(?:-Specification)?:\s*\S*copyright-format/im;

/** Short names as Debian writes them, each once, sorted; undefined: the file is prose. */
export function licencesOf(copyright: string): readonly string[] | undefined {
  const stanzas = copyright.split(/\n\s*\n/);
  if (!FORMAT.test(stanzas[0] ?? '')) return undefined;
  // A stanza without `Files` only holds the text of a licence that others name.
  const about = stanzas.filter((stanza, place) => place === 0 || /^Files(?:-Included)?:/m.test(stanza));
  const names = about.flatMap((stanza) => /^License:[ \t]*(\S[^\n]*)$/m.exec(stanza)?.[1]?.trim() ?? []);
  return [...new Set(names)].toSorted();
}

const IDS: Readonly<Record<string, string>> = {
  '0bsd': '0BSD',
  'apache-2': 'Apache-2.0',
  'apache-2.0': 'Apache-2.0',
  'bsd-2-clause': 'BSD-2-Clause',
  'bsd-3-clause': 'BSD-3-Clause',
  'bsd-4-clause': 'BSD-4-Clause',
  'bsd-4-clause-uc': 'BSD-4-Clause-UC',
  'bsl-1.0': 'BSL-1.0',
  'cc0-1.0': 'CC0-1.0',
  curl: 'curl',
  // Debian's name for what SPDX calls MIT.
  expat: 'MIT',
  fsfap: 'FSFAP',
  fsful: 'FSFUL',
  fsfullr: 'FSFULLR',
  ftl: 'FTL',
  isc: 'ISC',
  mit: 'MIT',
  'mpl-1.1': 'MPL-1.1',
  'mpl-2.0': 'MPL-2.0',
  'ofl-1.1': 'OFL-1.1',
  'openldap-2.8': 'OLDAP-2.8',
  x11: 'X11',
  zlib: 'Zlib',
};

/** SPDX's identifier of one short name; undefined: none that is surely the same, as with exceptions and alternatives. */
export function spdxId(name: string): string | undefined {
  const gnu = /^(A|L)?GPL-?v?([123](?:\.[01])?)(\+)?$/i.exec(name);
  if (gnu === null) return Object.hasOwn(IDS, name.toLowerCase()) ? IDS[name.toLowerCase()] : undefined;
  const [, kind = '', number = '', plus] = gnu;
  const full = `${kind.toUpperCase()}GPL-${number.includes('.') ? number : `${number}.0`}`;
  return GNU.has(full) ? `${full}-${plus === undefined ? 'only' : 'or-later'}` : undefined;
}

const GNU: ReadonlySet<string> = new Set([
  'GPL-1.0',
  'GPL-2.0',
  'GPL-3.0',
  'LGPL-2.0',
  'LGPL-2.1',
  'LGPL-3.0',
  'AGPL-1.0',
  'AGPL-3.0',
]);
