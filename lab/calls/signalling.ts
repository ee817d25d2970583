import { isFleetError } from '../../lib/errors.ts';
import type { NgClient } from '../../lib/ng/client.ts';
import { answer, deleteCall, offer, type SdpReply } from '../../lib/ng/commands.ts';
import { parseSdp } from '../../lib/sdp.ts';
import type { Destination } from './phone.ts';

/** A relay as a SIP proxy knows it: its ng port. `name` is `address:port`. */
export type ProxyRelay = { readonly name: string; readonly ng: NgClient };

/** How a call is named in ng. */
export type CallNames = {
  readonly callId: string;
  readonly tags: { readonly a: string; readonly b: string };
};

/** Why a call is cut, one clause; undefined: it is not. */
export type Refusal = string | undefined;

/** `to`: where the relay wants the RTP of the one whose SDP it was not. `silence`: no answer that can be used, in time or at all. */
export type Reply =
  | { readonly kind: 'accepted'; readonly to: Destination }
  | { readonly kind: 'load-limit' | 'error' | 'silence'; readonly reason: string };

/** The requests of one call to one relay. None of them rejects. */
export type Requests = {
  readonly offer: (sdp: string) => Promise<Reply>;
  readonly answer: (sdp: string) => Promise<Reply>;
  readonly reOffer: (by: 'A' | 'B', sdp: string) => Promise<Reply>;
  readonly reAnswer: (by: 'A' | 'B', sdp: string) => Promise<Reply>;
  readonly end: () => Promise<Refusal>;
  /** For a relay that did not answer the offer and may have made the call all the same. What it says is ignored. */
  readonly forget: () => Promise<void>;
};

/** A new call waits so long, milliseconds, for a relay, retransmissions included, before the next one is asked. */
const OFFER_MS = 1_000;
/** Within a call there is no other relay to ask; Kamailio's default comes to the same (5 tries of 1,000 ms). */
const IN_CALL_MS = 5_000;

export function requestsOf({ callId, tags }: CallNames, { ng, name }: ProxyRelay): Requests {
  const caller = { callId, fromTag: tags.a };
  const both = { ...caller, toTag: tags.b };
  const by = (side: 'A' | 'B') => (side === 'A' ? both : { callId, fromTag: tags.b, toTag: tags.a });
  const inCall = { timeoutMs: IN_CALL_MS };
  return {
    offer: (sdp) => heardSdp(offer(ng, caller, sdp, {}, { timeoutMs: OFFER_MS })),
    answer: (sdp) => heardSdp(answer(ng, both, sdp, {}, inCall)),
    reOffer: (side, sdp) => heardSdp(offer(ng, by(side), sdp, {}, inCall)),
    reAnswer: (side, sdp) => heardSdp(answer(ng, by(side), sdp, {}, inCall)),
    end: () => ended(ng, caller, name),
    forget: async () => {
      await heard(deleteCall(ng, caller, { timeoutMs: OFFER_MS }));
    },
  };
}

async function ended(
  ng: NgClient,
  call: { callId: string; fromTag: string },
  name: string,
): Promise<Refusal> {
  const reply = await heard(deleteCall(ng, call, { timeoutMs: IN_CALL_MS }));
  switch (reply.kind) {
    case 'deleted':
      return undefined;
    case 'unknown-call':
      return `${name} no longer knew it at its end`;
    case 'silence':
      return `${name} did not answer its delete`;
    case 'error':
      return `${name} refused its delete: ${reply.reason}`;
    default:
      return reply satisfies never;
  }
}

/** Why a request of a call came to nothing, one clause. */
export function refusalOf(
  relay: ProxyRelay,
  what: string,
  reply: Exclude<Reply, { kind: 'accepted' }>,
): string {
  return reply.kind === 'silence'
    ? `${relay.name} did not answer its ${what}: ${reply.reason}`
    : `${relay.name} refused its ${what}: ${reply.reason}`;
}

/** An SDP body that cannot be used is no usable answer. */
function heardSdp(request: Promise<SdpReply>): Promise<Reply> {
  return heard(
    request.then((reply) =>
      reply.kind === 'accepted' ? { kind: reply.kind, to: parseSdp(reply.sdp) } : reply,
    ),
  );
}

/** A request without a usable answer is a value here: it is what a caller is there to count. */
async function heard<T>(request: Promise<T>): Promise<T | { kind: 'silence'; reason: string }> {
  try {
    return await request;
  } catch (error) {
    if (!isFleetError(error)) throw error;
    return { kind: 'silence', reason: error.message };
  }
}
