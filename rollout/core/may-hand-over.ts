/** Whether a run may move live calls at all, told before it touches a relay. Pure. */
import type { Fleet as FleetFile } from '../../configs/fleet.ts';
import { hasFloatingAddresses } from '../../configs/floating.ts';
import { restoreOf } from '../../lib/restores.ts';
import { parseVersion } from '../../lib/version.ts';
import type { Reason } from './events.ts';
import type { Fleet } from './fleet.ts';
import { cordonedAtOnce, type Policy } from './policy.ts';
import { type Step, unsafeSteps } from './sharing.ts';

/** None: it may, or is not to. */
export function handoverRefusals(file: FleetFile, fleet: Fleet, policy: Policy): readonly Reason[] {
  if (policy.tail !== 'hand-over') return [];
  if (!hasFloatingAddresses(file))
    return [
      {
        message: `Live calls cannot go on elsewhere: relays of fleet ${file.name} have no floating addresses.`,
        next: 'Give them some (network.floatingAddresses: internal), or leave out --handover: calls are then waited for.',
      },
    ];
  const most = cordonedAtOnce(policy, fleet.relays.length);
  const [step] = unsafeSteps(fleet);
  return [
    ...(file.relays.perZone < 2 ? [ALONE] : []),
    ...(most < 2 ? [tooFew(most)] : []),
    ...(step === undefined ? [] : [unsafe(step)]),
  ];
}

const ALONE: Reason = {
  message: 'Live calls cannot go on elsewhere: each zone has one relay, and addresses move within a zone.',
  next: 'Have two relays or more in each zone (relays.perZone), or leave out --handover.',
};

function tooFew(most: number): Reason {
  return {
    message: `Live calls cannot go on elsewhere: two relays take no new calls meanwhile, and this run allows ${most}.`,
    next: 'Allow one more: --pre-cordon 1.',
  };
}

function unsafe({ from, to }: Step): Reason {
  const told = parseVersion(from) !== undefined && parseVersion(to) !== undefined;
  const ways = told ? [restoreOf(from, to), restoreOf(to, from)] : [];
  const why = ways.find(({ kind }) => kind !== 'restores')?.source ?? 'one of the versions is not told';
  return {
    message: `Live calls cannot go from RTPEngine ${from} to ${to} and back: ${why}.`,
    next: 'Leave out --handover: calls are then waited for.',
  };
}
