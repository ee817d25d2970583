/** How far a run goes that is to bring a part of the fleet to the new image, and leave the rest to another run. Pure. */
import { countOf } from '../../configs/share.ts';
import { isLeftAlone, type Standing } from './phase.ts';
import type { Policy } from './policy.ts';

/** How many more relays may be begun; as many as there are without a share. */
export function leftOfShare(standings: readonly Standing[], { share }: Pick<Policy, 'share'>): number {
  if (share === undefined) return standings.length;
  return Math.max(0, countOf(share, standings.length, 1) - standings.filter(isBegun).length);
}

export function isShareBegun(standings: readonly Standing[], policy: Pick<Policy, 'share'>): boolean {
  return leftOfShare(standings, policy) === 0;
}

/** On the new image, or cordoned on its way there: what was begun is brought to its end. */
function isBegun(standing: Standing): boolean {
  return standing.relay.onTarget || (standing.phase !== 'stale' && !isLeftAlone(standing));
}
