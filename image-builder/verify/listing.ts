/** Two listings of files: the first file in which they differ, and in what. Pure. */

/** Path (absolute within what is listed) → what is known of the file, e.g. `mode` → `755`. */
export type Listing = ReadonlyMap<string, Facts>;
type Facts = Readonly<Record<string, string>>;

/** Digits of a digest that are shown. */
const SHOWN = 12;

/** @returns the path and how it differs, as the end of a sentence; undefined: the listings are the same */
export function firstDifference(first: Listing, second: Listing): string | undefined {
  for (const path of [...new Set([...first.keys(), ...second.keys()])].toSorted()) {
    const [one, other] = [first.get(path), second.get(path)];
    if (other === undefined) return `${path}, which only the first has`;
    if (one === undefined) return `${path}, which only the second has`;
    const how = differingFacts(one, other);
    if (how.length > 0) return `${path}, in ${how.join(', ')}`;
  }
  return undefined;
}

function differingFacts(one: Facts, other: Facts): readonly string[] {
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])];
  return names
    .filter((name) => one[name] !== other[name])
    .map((name) => `${name} (${shown(one[name])} and ${shown(other[name])})`);
}

function shown(value = 'none'): string {
  return /^[0-9a-f]{64}$/.test(value) ? `${value.slice(0, SHOWN)}…` : value;
}

/** mtree(5): a path a line, and behind it words `name=value`. */
export function parseMtree(text: string): Listing {
  const lines = text.split('\n').filter((line) => line.startsWith('.'));
  return new Map(
    lines.map((line) => {
      const [path = '', ...words] = line.split(' ');
      return [absolute(path), Object.fromEntries(words.map(fact))];
    }),
  );
}

function fact(word: string): readonly [string, string] {
  const place = word.indexOf('=');
  const name = word.slice(0, place).replace(/digest$/, '');
  return [name, word.slice(place + 1)];
}

/** Lines of sha256sum(1): digest, two spaces, path. */
export function parseSums(text: string): Listing {
  const lines = text.split('\n').filter((line) => line !== '');
  return new Map(lines.map((line) => [absolute(line.slice(66)), { sha256: line.slice(0, 64) }]));
}

/** `./usr` → `/usr`. */
function absolute(path: string): string {
  return path === '.' ? '/' : path.replace(/^\.\//, '/');
}
