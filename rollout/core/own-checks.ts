/** What a relay finds amiss with itself, in words. Pure. */
import type { OwnCheck, SelfReport } from './fleet.ts';

/** One phrase for each check of its own that fails: health, then tuning. What it does not tell is no failure. */
export function failedChecks({ health, tuning }: SelfReport): readonly string[] {
  return [...failed('its own check fails', health), ...failed('its tuning is not in force', tuning)];
}

function failed(what: string, check: OwnCheck | undefined): readonly string[] {
  return check === undefined || check.ok ? [] : [`${what}: ${check.failed.join(', ') || 'no detail'}`];
}
