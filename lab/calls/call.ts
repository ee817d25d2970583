import type { CallEndedLine } from '../../rollout/report/call-lines.ts';
import type { Call, CallPlan, CallPorts } from './call-state.ts';
import { openPhone, type Phone } from './phone.ts';
import { hangUp, setUp } from './set-up.ts';
import type { Refusal } from './signalling.ts';
import { talk } from './talk.ts';

/** One call from the first offer to the count of its packets. Rejects only for a local fault (no port, no address). */
export async function runCall(ports: CallPorts, plan: CallPlan): Promise<CallEndedLine> {
  const [a, b] = await openPhones(ports, plan);
  const call: Call = {
    ...{ plan, ports, a, b, startedAt: ports.now(), diverted: [], silent: [] },
    ...{ relay: undefined, setupMs: undefined, talkedMs: 0, reInvites: 0 },
  };
  try {
    const refusal = (await setUp(call)) ?? (await talk(call));
    const ended = await hangUp(call);
    return lineOf(call, refusal ?? ended);
  } finally {
    a.close();
    b.close();
  }
}

async function openPhones({ localAddress }: CallPorts, plan: CallPlan): Promise<readonly [Phone, Phone]> {
  const open = (side: 'a' | 'b') =>
    openPhone({ address: localAddress, ssrc: plan.ssrc[side], firstSequence: plan.firstSequence[side] });
  const a = await open('a');
  const b = await open('b').catch((error: unknown) => {
    a.close();
    throw error;
  });
  a.listen(b.sending);
  b.listen(a.sending);
  return [a, b];
}

function lineOf(call: Call, refusal: Refusal): CallEndedLine {
  const { ports, plan, a, b, relay, setupMs, diverted, reInvites } = call;
  return {
    kind: 'call-ended',
    at: new Date(ports.now()).toISOString(),
    id: plan.callId,
    ...(relay === undefined ? {} : { relay: relay.name }),
    startedAt: new Date(call.startedAt).toISOString(),
    seconds: Math.round(call.talkedMs) / 1_000,
    ...(setupMs === undefined ? {} : { setupMs: Math.round(setupMs) }),
    diverted,
    reInvites,
    aToB: a.sending.counts(),
    bToA: b.sending.counts(),
    lost: a.sending.missing() + b.sending.missing(),
    ...(refusal === undefined ? { outcome: 'ok' } : { outcome: 'cut', reason: refusal }),
  };
}
