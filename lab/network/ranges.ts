/** Which address ranges of the host are free. Pure. */

/** True if two IPv4 ranges (`10.0.0.0/8`, or one address) share an address. */
export function overlap(one: string, other: string): boolean {
  const [a, b] = [parseRange(one), parseRange(other)];
  if (a === undefined || b === undefined) return false;
  const bits = Math.min(a.bits, b.bits);
  const size = 2 ** (32 - bits);
  return Math.floor(a.start / size) === Math.floor(b.start / size);
}

function parseRange(text: string): { readonly start: number; readonly bits: number } | undefined {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)(?:\/(\d+))?$/.exec(text);
  if (match === null) return undefined;
  const start = match.slice(1, 5).reduce((sum, part) => sum * 256 + Number(part), 0);
  return { start, bits: Number(match[5] ?? 32) };
}

/** Destinations of `ip -json route show table all`, the default route left out: a lab inside it takes nothing away. */
export function routedRanges(routes: unknown): readonly string[] {
  if (!Array.isArray(routes)) return [];
  return routes
    .map((route: unknown) =>
      typeof route === 'object' && route !== null && 'dst' in route ? String(route.dst) : '',
    )
    .filter((dst) => parseRange(dst) !== undefined && !dst.startsWith('0.0.0.0'));
}

/** The first candidate that no route of the host touches. */
export function freeRange(candidates: readonly string[], routed: readonly string[]): string | undefined {
  return candidates.find((candidate) => !routed.some((taken) => overlap(candidate, taken)));
}
