/** How long drains will take, in words. Pure. */
import type { Known } from '../../lib/ng/fields.ts';
import type { Eta } from '../core/eta.ts';

/** `empty in about 40 s, in nine of ten cases within 180 s` */
export function etaWords({ p50, p90 }: Eta): string {
  if (p50 === 'unknown')
    return 'when it will be empty is unknown: too few calls as long as these were seen to end';
  const late =
    p90 === 'unknown' ? 'how long at most is unknown' : `in nine of ten cases within ${words(p90)}`;
  return `empty in about ${words(p50)}, ${late}`;
}

/** As `etaWords`, with the age of the oldest call. */
export function drainWords({ oldestSeconds, ...eta }: Eta & { readonly oldestSeconds?: number }): string {
  const oldest = oldestSeconds === undefined ? '' : `its oldest call is up for ${words(oldestSeconds)}; `;
  return `${oldest}${etaWords(eta)}`;
}

/** One line for each relay that drains. */
export function etaLines(etas: ReadonlyMap<string, Eta>): readonly string[] {
  return [...etas].map(([name, eta]) => `${name}: ${etaWords(eta)}`);
}

function words(seconds: Known): string {
  if (seconds === 'unknown') return 'unknown';
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
