/** What speaks against a rollout before it touches a relay. */
import { isFleetError } from '../lib/errors.ts';
import type { Trouble } from './adapters/preflight/trouble.ts';
import { agesIn } from './ages.ts';
import type { Fleet } from './core/fleet.ts';
import { forgetful } from './core/forgetful.ts';
import { handoverRefusals } from './core/may-hand-over.ts';
import type { Policy } from './core/policy.ts';
import type { Session } from './session.ts';
import { settled } from './settled.ts';
import { refuseSharing } from './sharing.ts';

/** Of re-creating the relays that do not run what their groups want: all of it at once. */
export async function troublesIn(
  fleet: Fleet,
  session: Session,
  policy: Policy,
): Promise<readonly Trouble[]> {
  const { relays, zones } = fleet;
  const stale = zones.filter((zone) => relays.some((relay) => relay.zone === zone && !relay.onTarget));
  if (stale.length === 0) return [];
  const found = await settled([
    session.cloud.troubles(stale, session.endpoint),
    refuseSharing(session, fleet).then(() => [], asTroubles),
    forgottenCalls(session, fleet),
  ]);
  const moves = handoverRefusals(session.file, fleet, policy);
  return [...found.flat(), ...moves.map((reason): Trouble => ({ kind: 'stop', ...reason }))];
}

async function forgottenCalls(session: Session, { relays }: Fleet): Promise<readonly Trouble[]> {
  const { proxies } = session.file;
  return proxies.length === 0 ? [] : forgetful(proxies, await agesIn(session, relays));
}

function asTroubles(error: unknown): readonly Trouble[] {
  if (!isFleetError(error) || error.kind !== 'usage') throw error;
  return [{ kind: 'stop', message: error.message, next: error.hint ?? '' }];
}
