/** `rollout cordon|uncordon <relay>`: one relay by hand, with the same effects in the same order as a rollout. */
import process from 'node:process';
import { EXIT, FleetError } from '../../lib/errors.ts';
import type { Fleet, Relay } from '../core/fleet.ts';
import { callsOn, isAdmitting, isUnknown } from '../core/fleet.ts';
import { isAway, isCarrier } from '../core/floating.ts';
import { byHand } from '../core/labels.ts';
import { isOut } from '../core/phase.ts';
import { standingsOf } from '../core/plan.ts';
import { effectivePolicy, type Policy } from '../core/policy.ts';
import { plural } from '../core/words.ts';
import { execute } from '../execute.ts';
import { findRelay } from '../find-relay.ts';
import { type FleetOptions, observerOf, withSession } from '../session.ts';

export async function byHandOn(
  kind: 'cordon' | 'uncordon',
  name: string,
  options: FleetOptions,
): Promise<number> {
  return await withSession(options, async (session) => {
    const { file, cloud, relays, proxies, clock, by } = session;
    const policy = effectivePolicy(file, { drain: true });
    const fleet = await observerOf(session, policy).observe();
    const relay = findRelay(fleet.relays, name, fleet.name);
    if (isUnknown(relay)) throw refusal(`${name} does not answer, so nothing was changed`);
    const context = { run: byHand(by), policy };
    const effects = { cloud, relays, proxies, clock };
    const because = 'by hand';
    if (kind === 'cordon') {
      refuseCordon(relay, fleet, policy);
      await execute(
        { kind: relay.cordon === undefined ? 'cordon' : 'reassert', relay, because },
        effects,
        context,
      );
      const calls = callsOn(relay);
      const left = calls === 'unknown' ? '' : `; ${plural(calls, 'call')} on it`;
      process.stdout.write(`${name} takes no new calls${left}\n`);
    } else {
      refuseUncordon(relay);
      const settings = relay.cordon?.before ?? {
        limit: policy.servingLimit,
        deleteDelay: 'unknown' as const,
      };
      await execute({ kind: 'uncordon', relay, settings, because }, effects, context);
      process.stdout.write(`${name} takes calls again\n`);
    }
    return EXIT.done;
  });
}

function refuseCordon(relay: Relay, fleet: Fleet, policy: Policy): void {
  const others = standingsOf(fleet, policy).filter((one) => one.relay.name !== relay.name && !isOut(one));
  if (isAdmitting(relay) === true && others.length === 0)
    throw refusal(`${relay.name} is the last relay that takes calls; it is not cordoned`);
}

/** A new call at an address that goes home again would stay behind. */
function refuseUncordon(relay: Relay): void {
  const { name, floating } = relay;
  const hint = 'A rollout brings addresses home: rollout --drain.';
  if (isCarrier(relay))
    throw refusal(`${name} takes no calls: it has the address of ${floating?.carries.join(', ')}`, hint);
  if (isAway(relay))
    throw refusal(`${name} takes no calls: its address is with ${floating?.at ?? 'no relay'}`, hint);
}

function refusal(message: string, hint?: string): FleetError {
  return new FleetError({ kind: 'hold', code: 'refused', message, ...(hint === undefined ? {} : { hint }) });
}
