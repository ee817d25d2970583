/** What a hand-over needs from the world, as types only. All reject with a FleetError. */
import type { CallMedia } from '../../lib/relay/call-media.ts';

/** A call of an RTPEngine, as its list tells. */
export type Listed = {
  readonly callId: string;
  readonly foreign: boolean;
  /** Marked deleted: it is over, and leaves after delete-delay. */
  readonly ending: boolean;
};

/** One of the two RTPEngines. */
export type Side = {
  readonly name: string;
  /** No new call from now on, read back. */
  readonly cordon: () => Promise<void>;
  readonly calls: () => Promise<readonly Listed[]>;
  /** Undefined: it has no such call, or does not tell its media. */
  readonly media: (callId: string) => Promise<CallMedia | undefined>;
  /** Takes over, as foreign, each call that is written to this database from now on; read back. Idempotent. */
  readonly watch: (database: number) => Promise<void>;
  readonly unwatch: (database: number) => Promise<void>;
  /** All its calls are its own from now on. */
  readonly activate: () => Promise<void>;
  /** These calls go, without a word to their parties. Idempotent. */
  readonly letGo: (calls: readonly string[]) => Promise<void>;
};

export type CallStore = {
  readonly ids: (database: number) => Promise<readonly string[]>;
  readonly read: (database: number, id: string) => Promise<Uint8Array | undefined>;
  /** `copy`: it goes by itself after an hour. */
  readonly write: (database: number, id: string, value: Uint8Array, copy: boolean) => Promise<void>;
  readonly remove: (database: number, ids: readonly string[]) => Promise<void>;
  readonly note: () => Promise<string | undefined>;
  /** Undefined: none any more. */
  readonly setNote: (text: string | undefined) => Promise<void>;
};

export type HandoverEvent =
  | { readonly kind: 'cordoned' }
  | { readonly kind: 'resumed'; readonly stage: string }
  | { readonly kind: 'waits'; readonly calls: number; readonly because: string }
  | { readonly kind: 'copied'; readonly calls: number }
  | { readonly kind: 'moved'; readonly calls: number; readonly ms: number }
  | { readonly kind: 'went-back'; readonly because: string }
  | { readonly kind: 'call'; readonly callId: string; readonly packets: number | 'unknown' }
  | {
      readonly kind: 'done';
      readonly calls: number;
      /** Of those calls whose gap is told. */
      readonly told: number;
      readonly mostPackets: number | 'unknown';
    };

export type HandoverPorts = {
  readonly giver: Side;
  readonly taker: Side;
  readonly store: CallStore;
  /** Brings the address to one of them; resolves once it is there. Idempotent. */
  readonly move: (to: 'giver' | 'taker') => Promise<void>;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly tell: (event: HandoverEvent) => void;
};
