/**
 * What a rollout needs from the world, as types only. Adapters do it with GCE, ng, files and Redis; tests with fakes.
 * All of them reject with a FleetError: `retry` = the next round may succeed, `hold` = this relay stays as it is,
 * `stop` = the run ends.
 */
import type { Known } from '../lib/ng/fields.ts';
import type { Timeouts } from '../lib/relay/timeouts.ts';
import type { EventBody } from './core/events.ts';
import type {
  Begun,
  CloudRelay,
  Cordon,
  Look,
  Movable,
  Relay,
  SelfReport,
  Settings,
  Target,
} from './core/fleet.ts';

/** One zone's group as the cloud shows it. */
export type ZoneView = { readonly target: Target; readonly relays: readonly CloudRelay[] };

/** The VM that an act means; `id` guards against a new VM under the same name. */
export type VmRef = { readonly zone: string; readonly name: string; readonly id: string };

export type Cloud = {
  readonly readZone: (zone: string) => Promise<ZoneView>;
  /** What a relay wrote about itself; all absent while it has written nothing. */
  readonly readReport: (vm: VmRef) => Promise<SelfReport>;
  /** Writes the intent on the VM (labels); resolves once it is stored. */
  readonly mark: (vm: VmRef, cordon: Cordon) => Promise<void>;
  /** Takes it off. Idempotent. */
  readonly unmark: (vm: VmRef) => Promise<void>;
  /** From its next re-creation on this relay stays cordoned until it is admitted. Idempotent; does not restart it. */
  readonly awaitController: (vm: VmRef) => Promise<void>;
  /** The opposite. Idempotent; does not restart it. */
  readonly release: (vm: Pick<VmRef, 'zone' | 'name'>) => Promise<void>;
  /** Orders the group to re-create exactly this VM from its target; does nothing if that is under way. Rejects with
   * code `vm-changed` if the name stands for another VM by now. Resolves once the order is accepted. */
  readonly replace: (vm: VmRef) => Promise<void>;
};

/** Where a relay is spoken to. */
export type RelayPlace = {
  readonly name: string;
  readonly address: string;
  readonly version: string | undefined;
};

export type Probe = { readonly ok: boolean; readonly detail: string };

export type Relays = {
  /** Asks once; anything less than a full answer is a silence. `limit` = the session limit known so far: the relay is
   * then only asked for its counts. Never rejects for what a relay does. */
  readonly look: (place: RelayPlace, known?: { readonly limit: number }) => Promise<Look>;
  /** What a cordon will change. */
  readonly settings: (place: RelayPlace) => Promise<Settings>;
  /** No new call from now on, read back; an ended call, which counts as a call for as long as it is kept, is kept no
   * longer than it takes to cut no packet. */
  readonly cordon: (place: RelayPlace) => Promise<void>;
  /** How old each of its calls is, seconds, by call-id; undefined: it does not tell. Never rejects. */
  readonly ages: (place: RelayPlace) => Promise<ReadonlyMap<string, number> | undefined>;
  /** Ids of all calls on it; undefined: it does not tell. */
  readonly callIds: (place: RelayPlace) => Promise<readonly string[] | undefined>;
  readonly timeouts: (place: RelayPlace) => Promise<Timeouts>;
  /** Read back. */
  readonly setTimeouts: (place: RelayPlace, timeouts: Timeouts) => Promise<void>;
  /** These settings from now on, read back. */
  readonly restore: (place: RelayPlace, settings: Settings) => Promise<void>;
  /** Ids of calls without any party that are older than this. */
  readonly emptyCalls: (place: RelayPlace, olderThanSeconds: number) => Promise<readonly string[]>;
  /** Ends those of them that still are; how many went. */
  readonly removeEmptyCalls: (place: RelayPlace, olderThanSeconds: number) => Promise<number>;
  /** One call through a cordoned relay, so many RTP packets each way. */
  readonly probe: (place: RelayPlace, packets: number) => Promise<Probe>;
};

/** The SIP proxies that the fleet file names; none at all is fine. All reject with a FleetError of one that cannot be told. */
export type Proxies = {
  /** Rejects if rollout cannot work with one of them. */
  readonly check: () => Promise<void>;
  /** None of them sends this relay anything from now on, read back. Only for a relay without calls. Idempotent; the
   * answer is a detail for the journal, undefined without proxies. */
  readonly leaveOut: (place: RelayPlace) => Promise<string | undefined>;
  /** The opposite; the relay must answer pings. Idempotent. */
  readonly takeBack: (place: RelayPlace) => Promise<string | undefined>;
  /** Which of these relays somebody switched off, and where. */
  readonly leftOut: (
    places: readonly RelayPlace[],
  ) => Promise<readonly { readonly relay: string; readonly proxy: string }[]>;
};

/** How a move of live calls went. */
export type Moved = {
  readonly calls: number;
  /** Of those whose gap is told, packets that neither relay heard: the most of one stream. */
  readonly mostPackets: Known;
  readonly gaps: readonly { readonly callId: string; readonly packets: Known }[];
};

export type Move = {
  readonly giver: RelayPlace;
  readonly taker: RelayPlace;
  /** The relay whose address moves. */
  readonly home: Pick<VmRef, 'zone' | 'name'>;
  readonly address: string;
};

/** Live calls that go from one relay to another with their floating address. */
export type Moves = {
  /** The move that was begun and has not ended, by anybody; undefined: none. Never rejects for what Redis does. */
  readonly begun: () => Promise<Begun | 'unknown' | undefined>;
  /** Can all calls at this address of the relay go on elsewhere? Never rejects for what a relay does. */
  readonly movable: (place: RelayPlace, address: string) => Promise<Movable>;
  /** Resolves when the taker has all calls at the address, and the giver none. Killed anywhere it is taken up by being asked for again. */
  readonly move: (move: Move) => Promise<Moved>;
};

/** Takes events in order; `at`, version and run are added here. Never rejects for a slow reader. */
export type Journal = { readonly write: (event: EventBody) => void };

/** Milliseconds since the epoch; `sleep` ends early, without an error, when its signal is aborted. */
export type Clock = {
  readonly now: () => number;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
};

/** One rollout at a time on a fleet. */
export type Lock = {
  readonly kind: 'redis' | 'local';
  /** Grows with each owner. */
  readonly token: number;
  readonly detail: string;
  /** Run of the dead owner that it was taken from. */
  readonly tookOver?: string;
  /** Rejects with a FleetError (`stop`, code `lock-lost`) once the lock is not surely ours any more. */
  readonly check: () => void;
  readonly release: () => Promise<void>;
};

export type Ports = {
  readonly cloud: Cloud;
  readonly relays: Relays;
  readonly proxies: Proxies;
  /** Absent: the fleet has no floating addresses. */
  readonly moves?: Moves;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly lock: Pick<Lock, 'check'>;
};

/** A relay that is ready has both; anything else is a defect of the decision. */
export function vmOf(relay: Pick<Relay, 'id' | 'name' | 'zone'>): VmRef {
  if (relay.id === undefined) throw new TypeError(`${relay.name} has no VM`);
  return { zone: relay.zone, name: relay.name, id: relay.id };
}

export function placeOf(relay: CloudRelay): RelayPlace {
  if (relay.address === undefined) throw new TypeError(`${relay.name} has no address`);
  return { name: relay.name, address: relay.address, version: relay.version };
}

/** Where SIP proxies speak to it, and calls have their media. */
export function seatOf(relay: CloudRelay): RelayPlace {
  const place = placeOf(relay);
  return relay.floating === undefined ? place : { ...place, address: relay.floating.address };
}
