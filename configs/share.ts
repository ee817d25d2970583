/** Amounts of a fleet file that are a number or a share of the fleet. Pure. */

/** `3` → 3, `'10%'` of 45 → 4; `least` where the share is smaller than that. */
export function countOf(amount: number | string, whole: number, least: number): number {
  if (typeof amount === 'number') return amount;
  return Math.max(least, Math.floor((whole * Number.parseInt(amount, 10)) / 100));
}
