import type { Call } from './call-state.ts';
import { type ProxyRelay, type Refusal, refusalOf, requestsOf } from './signalling.ts';

/** Finds a relay as a proxy does: the next one when one answers `load limit` or nothing at all. */
export async function setUp(call: Call): Promise<Refusal> {
  const { routing, relays, now } = call.ports;
  for (const index of routing.orderFor(call.plan.callId, now())) {
    const relay = relays[index];
    if (relay === undefined) continue;
    const offered = await requestsOf(call.plan, relay).offer(call.a.sdp);
    if (offered.kind === 'silence') {
      routing.wasSilent(index, now());
      call.silent.push(relay);
    } else routing.answered(index);
    if (offered.kind === 'error') return refusalOf(relay, 'offer', offered);
    if (offered.kind === 'accepted') {
      call.relay = relay;
      call.b.sendTo(offered.to);
      return await answer(call, relay);
    }
    call.diverted.push({ relay: relay.name, because: offered.kind });
  }
  return 'no relay took it';
}

async function answer(call: Call, relay: ProxyRelay): Promise<Refusal> {
  const reply = await requestsOf(call.plan, relay).answer(call.b.sdp);
  if (reply.kind !== 'accepted') return refusalOf(relay, 'answer', reply);
  call.a.sendTo(reply.to);
  call.setupMs = call.ports.now() - call.startedAt;
  return undefined;
}

/** Ends the call on every relay that may have it; what its own relay says to that counts. */
export async function hangUp({ plan, relay, silent }: Call): Promise<Refusal> {
  for (const other of silent) void requestsOf(plan, other).forget();
  return relay === undefined ? undefined : await requestsOf(plan, relay).end();
}
