/** `1 call`, `12 calls`. Pure. */
export function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

const NAMED = 5;

/** `a, b`; of many the first few: `a, b, c, d, e and 7 more`. */
export function some(names: readonly string[]): string {
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  return `${names.slice(0, NAMED).join(', ')}${more}`;
}
