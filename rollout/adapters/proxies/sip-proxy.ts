/** What rollout wants of one SIP proxy, whatever its make. Types only. */

/** `off` = by hand, for good; `ailing` = the proxy found it silent and will ask it again by itself. */
export type SocketState = 'on' | 'ailing' | 'off';

/** One relay as a proxy has it; a relay that is in several sets comes several times. */
export type Socket = { readonly url: string; readonly set: number; readonly state: SocketState };

export type SipProxy = {
  /** For people: kind and URL. */
  readonly name: string;
  /** Rejects with a FleetError if rollout cannot work with this proxy. */
  readonly check: () => Promise<void>;
  readonly show: () => Promise<readonly Socket[]>;
  /** Resolves once the proxy took the order, which is no proof yet: `show` is. */
  readonly enable: (url: string, on: boolean) => Promise<void>;
  /** Undefined: it is left as it is. */
  readonly patience: Patience | undefined;
};

/** A proxy whose patience with relays can be changed while it runs. */
export type Patience = {
  /** It waits less for every relay from now on. Idempotent. */
  readonly shorten: () => Promise<void>;
  /** As its configuration file says. Idempotent. */
  readonly restore: () => Promise<void>;
};
