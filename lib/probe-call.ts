import { randomInt, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { FleetError, isFleetError } from './errors.ts';
import type { NgClient, NgRequestOptions } from './ng/client.ts';
import { answer, deleteCall, offer, publish, type SdpReply } from './ng/commands.ts';
import { openRtpSocket, type RtpSocket } from './rtp-socket.ts';
import { type AudioSdp, buildSdp, PCMU, parseSdp } from './sdp.ts';

export type ProbeOptions = NgRequestOptions & {
  /** Local address that sends and receives the RTP; the relay must be able to reach it. */
  readonly localAddress: string;
  /** Packets each way, one per 20 ms. Default 25. */
  readonly packets?: number;
  /**
   * `admitted`: a plain offer and answer, as a proxy does. `cordoned`: the relay must be refusing calls, and goes on
   * refusing all others during the probe (see `probeCall`).
   */
  readonly relay: 'admitted' | 'cordoned';
  /** Sends the RTP here instead of to the address in the relay's SDP (a relay behind NAT, seen from inside). */
  readonly mediaAddress?: string;
  readonly newId?: () => string;
  readonly now?: () => number;
};

export type ProbeResult = {
  /** Every packet arrived at both ends. */
  readonly ok: boolean;
  /** Why not, one clause; undefined when ok. */
  readonly reason: string | undefined;
  /** From the first request to the answer's reply, ms; undefined when the call was not set up. */
  readonly setupMs: number | undefined;
  /** Packets sent by each end. */
  readonly sent: number;
  /** Different packets that arrived at the caller and at the callee. */
  readonly receivedA: number;
  readonly receivedB: number;
  /** The call was deleted, or never made. false: it may still be on the relay, as `callId`. */
  readonly cleaned: boolean;
  readonly callId: string;
};

/**
 * Makes one real call through a relay: offer, answer, RTP both ways, delete. Resolves with what happened; rejects only
 * for an abort or a local fault (an address that is not local), after the call was deleted all the same.
 *
 * How a cordoned relay is probed: the limit is checked only where an offer would *make* a call, and `publish` makes
 * calls without a limit (10.5.3.5, 12.5.1.31, 26.0.1.26 measured; daemon/call_interfaces.c call_offer_get_call@mr13.4.1.10).
 * So a `publish` under the probe's call-id comes first, then offer and answer join that call. Raising `maxsessions` for
 * a moment instead would let a proxy's call in, onto a relay that nobody has checked, and, killed in between, would
 * leave the relay open; this way the cordon is never lifted. A probe that is killed
 * leaves a silent call, which the relay ends after `timeout` (60 s), or, in the few milliseconds between offer and
 * answer, after `offer-timeout` (an hour) (10.5.3.5, 12.5.1.31, 26.0.1.26 measured).
 */
export async function probeCall(ng: NgClient, options: ProbeOptions): Promise<ProbeResult> {
  const callId = `rtpfleet-probe-${(options.newId ?? randomUUID)()}`;
  const caller = await openEnd(options);
  const callee = await openEnd(options).catch((error: unknown) => {
    caller.close();
    throw error;
  });
  const ends = { callId, caller, callee };
  try {
    return await probeBetween(ng, ends, options);
  } finally {
    caller.close();
    callee.close();
  }
}

type Ends = { readonly callId: string; readonly caller: RtpSocket; readonly callee: RtpSocket };
type Setup = { readonly toCaller: AudioSdp; readonly toCallee: AudioSdp; readonly setupMs: number };

async function probeBetween(ng: NgClient, ends: Ends, options: ProbeOptions): Promise<ProbeResult> {
  let setup: Setup | undefined;
  let refusal: string | undefined;
  try {
    setup = await setUp(ng, ends, options);
    await exchangeRtp(ends, setup, options);
  } catch (error) {
    if (!isFleetError(error) || error.kind === 'interrupted') {
      await cleanUp(ng, ends.callId);
      throw error;
    }
    refusal = error.message;
  }
  const cleaned = await cleanUp(ng, ends.callId);
  return resultOf(ends, setup, refusal, cleaned);
}

function resultOf(
  { callId, caller, callee }: Ends,
  setup: Setup | undefined,
  refusal: string | undefined,
  cleaned: boolean,
): ProbeResult {
  const sent = caller.sent();
  const receivedA = sent - caller.missing(callee.sent());
  const receivedB = sent - callee.missing(sent);
  const loss = `of ${sent} packets each way ${receivedA} reached the caller and ${receivedB} the callee`;
  const complete = setup !== undefined && sent > 0 && receivedA === sent && receivedB === sent;
  const reason = refusal ?? (complete ? undefined : loss);
  const ok = reason === undefined;
  return { ok, reason, setupMs: setup?.setupMs, sent, receivedA, receivedB, cleaned, callId };
}

async function setUp(ng: NgClient, { callId, caller, callee }: Ends, options: ProbeOptions): Promise<Setup> {
  const now = options.now ?? performance.now.bind(performance);
  const started = now();
  const key = { callId, fromTag: 'caller' };
  if (options.relay === 'cordoned') await seedCall(ng, callId, caller, options);
  const offered = accepted('offer', await offer(ng, key, sdpOf(caller), {}, options));
  const answered = accepted(
    'answer',
    await answer(ng, { ...key, toTag: 'callee' }, sdpOf(callee), {}, options),
  );
  return { toCallee: offered, toCaller: answered, setupMs: now() - started };
}

/** Proves the cordon, then makes the call that offer and answer join. Its own leg carries nothing. */
async function seedCall(ng: NgClient, callId: string, end: RtpSocket, options: ProbeOptions): Promise<void> {
  const refused = await offer(ng, { callId, fromTag: 'caller' }, sdpOf(end), {}, options);
  if (refused.kind !== 'load-limit')
    throw failed('offer', refused.kind === 'accepted' ? 'it is not cordoned' : refused.reason);
  accepted('publish', await publish(ng, { callId, fromTag: 'seed' }, sdpOf(end), options));
}

/** Paced like speech, so that a relay is not judged by a burst; then waits until all arrived, at most a second. */
async function exchangeRtp({ caller, callee }: Ends, setup: Setup, options: ProbeOptions): Promise<void> {
  const { packets = 25, signal } = options;
  const [fromCaller, fromCallee] = [setup.toCaller, setup.toCallee].map(({ address, port }) => ({
    address: options.mediaAddress ?? address,
    port,
  }));
  if (fromCaller === undefined || fromCallee === undefined) return;
  for (let sent = 0; sent < packets; sent += 1) {
    caller.send(fromCaller);
    callee.send(fromCallee);
    await pause(20, signal);
  }
  for (let waited = 0; waited < 50 && !complete(caller, callee); waited += 1) await pause(20, signal);
}

function complete(caller: RtpSocket, callee: RtpSocket): boolean {
  return caller.missing(callee.sent()) === 0 && callee.missing(caller.sent()) === 0;
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(ms, undefined, signal === undefined ? {} : { signal });
  } catch (cause) {
    throw new FleetError({
      kind: 'interrupted',
      code: 'probe-aborted',
      message: 'the probe call was given up',
      cause,
    });
  }
}

/** Without the caller's signal: the call has to go also when the probe was aborted. */
async function cleanUp(ng: NgClient, callId: string): Promise<boolean> {
  try {
    const reply = await deleteCall(ng, { callId, delaySeconds: 0 });
    return reply.kind !== 'error';
  } catch (error) {
    if (!isFleetError(error)) throw error;
    return false;
  }
}

function openEnd({ localAddress }: ProbeOptions): Promise<RtpSocket> {
  return openRtpSocket({
    address: localAddress,
    ssrc: randomInt(1, 2 ** 32),
    firstSequence: randomInt(2 ** 16),
  });
}

function sdpOf({ address, port }: RtpSocket): string {
  return buildSdp({ address, port, payloadTypes: [PCMU], direction: 'sendrecv' }, port);
}

function accepted(step: string, reply: SdpReply): AudioSdp {
  if (reply.kind !== 'accepted') throw failed(step, reply.reason);
  return parseSdp(reply.sdp);
}

function failed(step: string, why: string): FleetError {
  return new FleetError({
    kind: 'retry',
    code: 'probe-refused',
    message: `the relay refused the ${step} of the probe call: ${why}`,
  });
}
