import type { Diversion } from '../../rollout/report/call-lines.ts';
import type { Phone } from './phone.ts';
import type { Routing } from './routing.ts';
import type { CallNames, ProxyRelay } from './signalling.ts';
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

/** A call under way. */
export type Call = {
  readonly plan: CallPlan;
  readonly ports: CallPorts;
  readonly a: Phone;
  readonly b: Phone;
  readonly startedAt: number;
  readonly diverted: Diversion[];
  /** Relays that did not answer the offer: one of them may have made the call all the same. */
  readonly silent: ProxyRelay[];
  /** The one that accepted the offer. */
  relay: ProxyRelay | undefined;
  setupMs: number | undefined;
  talkedMs: number;
  reInvites: number;
};
