/** The candidate that a mistyped word most likely meant; undefined when none is close. Pure. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const best = nearestOfAll(word, candidates);
  const close = Math.max(2, Math.floor(word.length / 3));
  return best !== undefined && best.distance <= close ? best.candidate : undefined;
}

export type Near = { readonly candidate: string; readonly distance: number };

/** The nearest however far it is, with its distance in letters; undefined when there is no candidate. */
export function nearestOfAll(word: string, candidates: readonly string[]): Near | undefined {
  let best: Near | undefined;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (best === undefined || distance < best.distance) best = { candidate, distance };
  }
  return best;
}

/** Levenshtein distance: insertions, deletions and substitutions from `a` to `b`. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const substituted = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(substituted, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? a.length;
}
