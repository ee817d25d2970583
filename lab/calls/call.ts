import { setTimeout as sleep } from 'node:timers/promises';
import { parseSdp } from '../../lib/sdp.ts';
import type { CallEndedLine, Diversion } from '../../rollout/report/call-lines.ts';
import { openPhone, type Phone } from './phone.ts';
import type { Routing } from './routing.ts';
import { type CallNames, type ProxyRelay, type Refusal, requestsOf } from './signalling.ts';
import type { Wheel } from './wheel.ts';

/** What one call will be; drawn before it starts, so that the same seed gives the same calls. */
export type CallPlan = CallNames & {
  readonly seconds: number;
  /** Seconds after the answer at which one side sends a re-INVITE. */
  readonly reInvite?: { readonly after: number; readonly by: 'A' | 'B' };
  readonly ssrc: { readonly a: number; readonly b: number };
  readonly firstSequence: { readonly a: number; readonly b: number };
};

export type CallPorts = {
  readonly relays: readonly ProxyRelay[];
  readonly routing: Routing;
  readonly wheel: Wheel;
  /** The phones' address. */
  readonly localAddress: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** The call has media from now on; what is returned is called when it stops sending. */
  readonly talking: (relay: ProxyRelay) => () => void;
  /** So many packets were not sent since the event loop was held up. */
  readonly skipped: (packets: number) => void;
  /** Aborted: the call ends now, in order, as if its time were over. */
  readonly hangUp: AbortSignal;
};

/** Packets on their way are given so long before the call is deleted; after it the wait goes on while some are missing. */
const IN_FLIGHT_MS = 300;
const LATEST_MS = 1_000;
/** So many packets (2 s of speech) without one that arrives: this direction is dead. */
const DEAD_AFTER_PACKETS = 100;

type Call = {
  readonly plan: CallPlan;
  readonly ports: CallPorts;
  readonly a: Phone;
  readonly b: Phone;
  readonly startedAt: number;
  readonly diverted: Diversion[];
  /** Relays that did not answer the offer: one of them may have made the call all the same. */
  readonly silent: ProxyRelay[];
  relay: ProxyRelay | undefined;
  setupMs: number | undefined;
  talkedMs: number;
  reInvites: number;
};

/** One call from the first offer to the count of its packets. Rejects only for a local fault (no port, no address). */
export async function runCall(ports: CallPorts, plan: CallPlan): Promise<CallEndedLine> {
  const a = await openPhone(phoneOptions(ports, plan, 'a'));
  const b = await openPhone(phoneOptions(ports, plan, 'b')).catch((error: unknown) => {
    a.close();
    throw error;
  });
  a.listen(b.sending);
  b.listen(a.sending);
  const call: Call = {
    ...{ plan, ports, a, b, startedAt: ports.now(), diverted: [], silent: [] },
    ...{ relay: undefined, setupMs: undefined, talkedMs: 0, reInvites: 0 },
  };
  try {
    const refusal = (await setUp(call)) ?? (await live(call));
    return lineOf(call, refusal);
  } finally {
    a.close();
    b.close();
  }
}

function phoneOptions({ localAddress }: CallPorts, plan: CallPlan, side: 'a' | 'b') {
  return { address: localAddress, ssrc: plan.ssrc[side], firstSequence: plan.firstSequence[side] };
}

/** Finds a relay as a proxy does: the next one when one answers `load limit` or nothing at all. */
async function setUp(call: Call): Promise<Refusal> {
  const { routing, relays, now } = call.ports;
  for (const index of routing.orderFor(call.plan.callId, now())) {
    const relay = relays[index];
    if (relay === undefined) continue;
    const offered = await requestsOf(call.plan, relay).offer(call.a.sdp);
    if (offered.kind === 'silence') {
      routing.wasSilent(index, now());
      call.silent.push(relay);
    } else routing.answered(index);
    if (offered.kind === 'error') return `${relay.name} refused the offer: ${offered.reason}`;
    if (offered.kind === 'accepted') {
      call.relay = relay;
      call.b.sendTo(parseSdp(offered.sdp));
      return await answered(call, relay);
    }
    call.diverted.push({ relay: relay.name, because: offered.kind });
  }
  return 'no relay took it';
}

async function answered(call: Call, relay: ProxyRelay): Promise<Refusal> {
  const reply = await requestsOf(call.plan, relay).answer(call.b.sdp);
  if (reply.kind !== 'accepted') return refusalOf(relay, 'answer', reply);
  call.a.sendTo(parseSdp(reply.sdp));
  call.setupMs = call.ports.now() - call.startedAt;
  return undefined;
}

/** The call has a relay: media, perhaps a re-INVITE, the packets in flight, the end. The first thing wrong counts. */
async function live(call: Call): Promise<Refusal> {
  const { relay } = call;
  if (relay === undefined) return 'no relay took it';
  const talked = await talk(call, relay);
  await settle(call);
  const ended = await requestsOf(call.plan, relay).end();
  for (const other of call.silent) void requestsOf(call.plan, other).forget();
  return talked ?? ended;
}

async function talk(call: Call, relay: ProxyRelay): Promise<Refusal> {
  const { ports, plan } = call;
  const from = ports.now();
  const quiet = ports.talking(relay);
  const over = new AbortController();
  const ended = Promise.withResolvers<Refusal>();
  const ride = (turns: number) => {
    call.a.speak(turns);
    call.b.speak(turns);
    ports.skipped((turns - 1) * 2);
    const dead = deadDirection(call);
    if (dead !== undefined) ended.resolve(`no media from ${dead} arrived through ${relay.name} for 2 s`);
  };
  ports.wheel.add(ride);
  const signal = AbortSignal.any([over.signal, ports.hangUp]);
  pause(plan.seconds * 1_000, signal).then(() => ended.resolve(undefined));
  const renewed = reInvite(call, relay, signal);
  renewed.then((refusal) => refusal !== undefined && ended.resolve(refusal));
  const refusal = await ended.promise;
  over.abort();
  ports.wheel.remove(ride);
  quiet();
  call.talkedMs = ports.now() - from;
  return refusal ?? (await renewed);
}

/** A re-INVITE in the middle: offer and answer again, by either side. A cordoned relay has to accept it. */
async function reInvite(call: Call, relay: ProxyRelay, signal: AbortSignal): Promise<Refusal> {
  const { reInvite: plan } = call.plan;
  if (plan === undefined || !(await pause(plan.after * 1_000, signal))) return undefined;
  const [from, to] = plan.by === 'A' ? [call.a, call.b] : [call.b, call.a];
  const requests = requestsOf(call.plan, relay);
  const offered = await requests.reOffer(plan.by, from.sdp);
  if (offered.kind !== 'accepted') return refusalOf(relay, 're-INVITE', offered);
  to.sendTo(parseSdp(offered.sdp));
  const reply = await requests.reAnswer(plan.by, to.sdp);
  if (reply.kind !== 'accepted') return refusalOf(relay, 'answer to a re-INVITE', reply);
  from.sendTo(parseSdp(reply.sdp));
  call.reInvites += 1;
  return undefined;
}

/** Waits for what is under way; longer while something is missing, since late is not lost. */
async function settle({ a, b }: Call): Promise<void> {
  await sleep(IN_FLIGHT_MS);
  for (let waited = IN_FLIGHT_MS; waited < LATEST_MS; waited += 50) {
    if (a.sending.missing() + b.sending.missing() === 0) return;
    await sleep(50);
  }
}

function deadDirection({ a, b }: Call): 'A' | 'B' | undefined {
  if (a.sending.unansweredRun() >= DEAD_AFTER_PACKETS) return 'A';
  return b.sending.unansweredRun() >= DEAD_AFTER_PACKETS ? 'B' : undefined;
}

function refusalOf(relay: ProxyRelay, what: string, reply: { kind: string; reason: string }): string {
  return reply.kind === 'silence'
    ? `${relay.name} did not answer its ${what}`
    : `${relay.name} refused its ${what}: ${reply.reason}`;
}

/** True when the time has passed, false when the signal came first. */
async function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  return await sleep(ms, true, { signal }).catch(() => false);
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
