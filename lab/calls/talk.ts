import { setTimeout as sleep } from 'node:timers/promises';
import type { Call } from './call-state.ts';
import { type ProxyRelay, type Refusal, refusalOf, requestsOf } from './signalling.ts';
import type { Ride } from './wheel.ts';

/** Packets on their way are given so long before the call is deleted; after it the wait goes on while some are missing. */
const IN_FLIGHT_MS = 300;
const LATEST_MS = 1_000;
/** So many packets (2 s of speech) without one that arrives: this direction is dead. */
const DEAD_AFTER_PACKETS = 100;

/** Media both ways for as long as planned, perhaps a re-INVITE, then the packets in flight. The first thing wrong ends it. */
export async function talk(call: Call): Promise<Refusal> {
  const { ports, plan, relay } = call;
  if (relay === undefined) return 'no relay took it';
  const from = ports.now();
  const quiet = ports.talking(relay);
  const over = new AbortController();
  const ended = Promise.withResolvers<Refusal>();
  const ride = rideOf(call, relay, ended.resolve);
  ports.wheel.add(ride);
  const signal = AbortSignal.any([over.signal, ports.hangUp]);
  void pause(plan.seconds * 1_000, signal).then(() => ended.resolve(undefined));
  const renewed = reInvite(call, relay, signal);
  void renewed.then((refusal) => refusal !== undefined && ended.resolve(refusal));
  const refusal = await ended.promise;
  over.abort();
  ports.wheel.remove(ride);
  quiet();
  call.talkedMs = ports.now() - from;
  const later = await renewed;
  await settle(call);
  return refusal ?? later;
}

function rideOf(call: Call, relay: ProxyRelay, end: (refusal: Refusal) => void): Ride {
  return (turns) => {
    call.a.speak(turns);
    call.b.speak(turns);
    call.ports.skipped((turns - 1) * 2);
    const dead = deadDirection(call);
    if (dead !== undefined) end(`no media from ${dead} arrived through ${relay.name} for 2 s`);
  };
}

function deadDirection({ a, b }: Call): 'A' | 'B' | undefined {
  if (a.sending.unansweredRun() >= DEAD_AFTER_PACKETS) return 'A';
  return b.sending.unansweredRun() >= DEAD_AFTER_PACKETS ? 'B' : undefined;
}

/** A re-INVITE in the middle: offer and answer again, by either side. A cordoned relay has to accept it. */
async function reInvite(call: Call, relay: ProxyRelay, signal: AbortSignal): Promise<Refusal> {
  const { reInvite: plan } = call.plan;
  if (plan === undefined || !(await pause(plan.after * 1_000, signal))) return undefined;
  const [from, to] = plan.by === 'A' ? [call.a, call.b] : [call.b, call.a];
  const requests = requestsOf(call.plan, relay);
  const offered = await requests.reOffer(plan.by, from.sdp);
  if (offered.kind !== 'accepted') return refusalOf(relay, 're-INVITE', offered);
  to.sendTo(offered.to);
  const reply = await requests.reAnswer(plan.by, to.sdp);
  if (reply.kind !== 'accepted') return refusalOf(relay, 'answer to a re-INVITE', reply);
  from.sendTo(reply.to);
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

/** True when the time has passed, false when the signal came first. */
async function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  return await sleep(ms, true, { signal }).catch(() => false);
}
