/**
 * How long a drain will still take, from what is seen of calls. Too little data is said to be too little: `unknown` is an
 * answer. Seconds everywhere. Pure.
 */
import type { Known } from '../../lib/ng/fields.ts';

/** A call as far as it was seen: from one age to another, at which it ended or was last seen up. */
export type Exposure = { readonly from: number; readonly to: number; readonly ended: boolean };

/** Seconds until no call is left, as likely as not, and in nine cases of ten. */
export type Eta = { readonly p50: Known; readonly p90: Known };

/** The share of calls that reach an age: `alive[i]` from `ages[i]` on, ages ascending. */
export type Survival = { readonly ages: readonly number[]; readonly alive: readonly number[] };

const UNKNOWN: Eta = { p50: 'unknown', p90: 'unknown' };
/** Fewer ends, or calls, say too little about the long ones. */
const LEAST = 20;
/** At young ages few calls may have been seen yet, and one end among them would make it look as if none lived on. */
const LEAST_AT_RISK = 5;

/**
 * Kaplan and Meier's estimate (1958) with late entry: a call counts only from the age at which it was first seen. Undefined:
 * fewer than 20 ends.
 */
export function survivalOf(exposures: readonly Exposure[]): Survival | undefined {
  const ends = exposures.filter(({ ended }) => ended).map(({ to }) => to);
  if (ends.length < LEAST) return undefined;
  const entries = exposures.map(({ from }) => from).toSorted(ascending);
  const exits = exposures.map(({ to }) => to).toSorted(ascending);
  const ages = [...new Set(ends)].toSorted(ascending);
  const endsAt = new Map<number, number>();
  for (const end of ends) endsAt.set(end, (endsAt.get(end) ?? 0) + 1);
  const alive: number[] = [];
  let [entered, left, share] = [0, 0, 1];
  for (const age of ages) {
    while (entered < entries.length && (entries[entered] ?? 0) < age) entered += 1;
    while (left < exits.length && (exits[left] ?? 0) < age) left += 1;
    const atRisk = entered - left;
    const early = atRisk < LEAST_AT_RISK && entered < entries.length;
    if (!early) share *= 1 - Math.min(1, (endsAt.get(age) ?? 0) / atRisk);
    alive.push(share);
  }
  return { ages, alive };
}

/** The share of calls that reach this age. */
export function aliveAt({ ages, alive }: Survival, age: number): number {
  let [low, high] = [0, ages.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ages[middle] ?? 0) <= age) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? 1 : (alive[low - 1] ?? 1);
}

/** Until calls of these ages have all ended. Unknown where the longest calls seen are not long enough to tell. */
export function etaOf(callAges: readonly number[], survival: Survival | undefined): Eta {
  if (callAges.length === 0) return { p50: 0, p90: 0 };
  if (survival === undefined) return UNKNOWN;
  const longest = survival.ages.at(-1) ?? 0;
  const allEnded = (after: number) =>
    callAges.reduce((chance, age) => chance * ends(survival, age, after), 1);
  return { p50: reach(allEnded, 0.5, longest), p90: reach(allEnded, 0.9, longest) };
}

function ends(survival: Survival, age: number, after: number): number {
  const now = aliveAt(survival, age);
  return now === 0 ? 0 : 1 - aliveAt(survival, age + after) / now;
}

/** The first second at which the chance is reached; `unknown`: not within `longest`. */
function reach(chance: (after: number) => number, wanted: number, longest: number): Known {
  if (chance(longest) < wanted) return 'unknown';
  let [low, high] = [0, Math.ceil(longest)];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (chance(middle) >= wanted) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * The same from one look, where nothing was seen to end: under a steady load calls have as long to go as they have been up
 * (the age and the remaining life of a renewal process have one distribution). `ages`: of all calls that are up.
 */
export function steadyEta(calls: number, ages: readonly number[]): Eta {
  if (calls === 0) return { p50: 0, p90: 0 };
  if (ages.length < LEAST) return UNKNOWN;
  const sorted = ages.toSorted(ascending);
  return { p50: longestOf(calls, 0.5, sorted), p90: longestOf(calls, 0.9, sorted) };
}

/** So long the longest of `calls` lasts in a share `wanted` of cases; the longest age says nothing of what is beyond it. */
function longestOf(calls: number, wanted: number, sorted: readonly number[]): Known {
  const rank = wanted ** (1 / calls) * (sorted.length + 1);
  const age = sorted[Math.ceil(rank) - 1];
  return age === undefined ? 'unknown' : Math.ceil(age);
}

function ascending(a: number, b: number): number {
  return a - b;
}
