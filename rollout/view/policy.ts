/** The policy in force, in words. Pure. */
import type { Policy } from '../core/policy.ts';
import { plural } from '../core/words.ts';

/** One sentence at the start of a run. A journal of an older version may lack what is newer. */
export function policyWords(policy: Policy): string {
  const { maxUnavailable, preCordon, reserve, bakeSeconds, replaceSeconds } = policy;
  const words = [
    `${maxUnavailable} away at once`,
    ...(preCordon ? [`${preCordon} more may drain meanwhile`] : []),
    ...(reserve === 'relay' || reserve === 'zone' ? [`one more ${reserve} in reserve`] : []),
    ...(bakeSeconds ? [`the first relay of a new image is watched for ${bakeSeconds} s`] : []),
    ...tailWords(policy),
    ...(policy.windows?.length ? [`begins only in its ${plural(policy.windows.length, 'window')}`] : []),
    ...(policy.until === undefined ? [] : [`begins nothing after ${new Date(policy.until).toISOString()}`]),
    ...(policy.share === undefined ? [] : [`ends once ${policy.share} of the fleet are on the new image`]),
    `a new relay has ${replaceSeconds} s`,
  ];
  return words.join(', ');
}

function tailWords({ tail, drainSeconds, reapAfterSeconds, reapSilentSeconds }: Policy): readonly string[] {
  const reaps = `after a drain of ${reapAfterSeconds} s calls without a packet for ${reapSilentSeconds} s end`;
  return [
    ...(tail === 'reap' ? [reaps] : []),
    ...(tail === 'hand-over' ? ['live calls go on at another relay meanwhile'] : []),
    tail === 'wait' || drainSeconds === 0
      ? 'drains as long as it takes'
      : `held after a drain of ${drainSeconds} s`,
  ];
}
