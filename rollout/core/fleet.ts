/**
 * What a rollout sees: one snapshot of a fleet. Everything that a decision needs is in here, and nothing else is;
 * times are milliseconds since the epoch. Types only.
 */
import type { Known } from '../../lib/ng/fields.ts';
import type { Tally } from '../../lib/ng/statistics.ts';
import type { Timeouts } from '../../lib/relay/timeouts.ts';

/** Where a relay stands, derived from what is seen (`phaseOf`), never remembered. */
export type Phase =
  /** On an old image and not cordoned by anybody. */
  | 'stale'
  /** Cordoned; calls are still on it, or that is not known. */
  | 'draining'
  /** Cordoned, and the delete guard has its proof that no call is left. */
  | 'empty'
  /** Its group is creating or re-creating the VM. */
  | 'replacing'
  /** On the wanted image and not yet taking calls. */
  | 'joining'
  /** On the wanted image, taking calls. */
  | 'serving'
  /** On the wanted image and cordoned by hand: left as it is. */
  | 'parked';

/** Run-time settings that a cordon changes and an uncordon restores. */
export type Settings = {
  /** RTPEngine's `maxsessions`: 0 = no new call (the cordon), -1 = no limit. */
  readonly limit: number;
  /** Seconds that an ended call stays in memory and in the count; unknown: it was left alone. */
  readonly deleteDelay: Known;
  /** Absent: they were left alone. */
  readonly timeouts?: Timeouts;
};

/**
 * One full answer of a relay; anything less is a `Silence`. The limit is read before the counts, so that no call can
 * slip in between unseen.
 */
export type Answer = {
  readonly kind: 'answer';
  /** When the first request of this answer was sent. */
  readonly at: number;
  /** `maxsessions` in force. On a relay that nobody is working on it may be some seconds older than the counts. */
  readonly limit: number;
  /** Calls that this relay created. */
  readonly own: number;
  /** Calls that it took over from another through Redis; it may carry their media (measured, 10.5 to 26.2). */
  readonly foreign: number;
  /** Packets in the last second. */
  readonly packetRate: number;
  /** Media with a packet in the last two seconds, userspace and kernel. */
  readonly media: number;
  /** Seconds since the process started; going backwards = restarted, and a run-time cordon is lost. */
  readonly uptime: number;
  /** What became of its calls since the process started; absent: not told. */
  readonly tally?: Tally;
};

/** What a run has seen of a relay that takes calls, since its first look at this VM. */
export type Service = {
  readonly since: number;
  /** At that look, or at the first one after a restart. */
  readonly first: Tally | undefined;
  /** How often its RTPEngine has started again meanwhile. */
  readonly restarts: number;
};

/** The relay did not give a full answer. This is never "no calls". */
export type Silence = { readonly kind: 'silence'; readonly at: number; readonly reason: string };

export type Look = Answer | Silence;

/** The intent that a rollout or a person wrote on the VM. */
export type Cordon = { readonly at: number; readonly by: string; readonly before: Settings };

/** A person wants this relay left alone: `hold` = a run ends as held without it, `skip` = it ends well without it. */
export type Leave = { readonly kind: 'hold' | 'skip'; readonly by: string; readonly reason: string };

/** A check of the relay's own. */
export type OwnCheck = { readonly ok: boolean; readonly failed: readonly string[] };

/** What the relay says about itself through guest attributes; parts are absent until its boot is complete. */
export type SelfReport = {
  readonly version: string | undefined;
  readonly health: OwnCheck | undefined;
  /** Whether its system settings are in force; absent: images before this was told. */
  readonly tuning?: OwnCheck;
};

/** What the group is doing with the VM. */
export type Vm = {
  /** `ready`: it runs and the group is not changing it. `changing`: anything else. */
  readonly state: 'ready' | 'changing';
  /** GCE's own words for it, e.g. `RECREATING STAGING`. */
  readonly detail: string;
  readonly createdAt: number | undefined;
};

/** The address for media and ng that was reserved for a relay, and that moves between relays of its zone. */
export type Floating = {
  readonly address: string;
  /** Name of the relay that packets to it go to now: its own one's, as a rule; undefined: to none. */
  readonly at: string | undefined;
  /** Names of the relays whose addresses this one has beside its own. */
  readonly carries: readonly string[];
  /** Floating addresses for which it was booted; it can have no other. */
  readonly ready: readonly string[];
};

/** Can all calls at the relay's own floating address go on at another one now? */
export type Movable = { readonly kind: 'yes' } | { readonly kind: 'no'; readonly because: string };

/** A hand-over between two relays that was begun and has not ended, by the note of it in Redis. */
export type Begun = {
  readonly giver: string;
  readonly taker: string;
  /** The floating address that moves. */
  readonly address: string;
};

/** What the cloud says about one relay. */
export type CloudRelay = {
  readonly zone: string;
  readonly name: string;
  /** Numeric id of the VM; a re-created VM has the same name and another id. Undefined: no VM. */
  readonly id: string | undefined;
  readonly address: string | undefined;
  readonly vm: Vm;
  /** Instance template that the VM was made from; undefined: not told. */
  readonly template: string | undefined;
  /** Runs what its group wants now. */
  readonly onTarget: boolean;
  /** RTPEngine version in the image it runs, as upstream tags it; undefined: its template does not tell. */
  readonly version: string | undefined;
  readonly cordon: Cordon | undefined;
  readonly leave: Leave | undefined;
  /** Who wants it replaced with the calls that are on it; undefined: nobody. */
  readonly forcedBy: string | undefined;
  /** Its group holds `admission=controller` for it: it is born cordoned and waits for a rollout to admit it. */
  readonly awaitsController: boolean;
  /** Absent: the fleet has no such addresses. */
  readonly floating?: Floating;
};

/** The last action on this VM in this run, if it did not succeed. */
export type Failure = {
  readonly action: string;
  readonly at: number;
  /** `hold`: trying again would not help, it stays as it is. */
  readonly next: 'retry' | 'hold';
  readonly message: string;
};

export type Relay = CloudRelay & {
  /** The last looks at this VM, oldest first. Empty: not asked yet, or not to be asked (no address, changing). */
  readonly looks: readonly Look[];
  /** Since when this VM has not answered; undefined: its last look is an answer. */
  readonly silentSince: number | undefined;
  /** Since when its group has been changing it, as far as this run has seen. */
  readonly changingSince: number | undefined;
  /** Undefined: it has not been seen to take calls. */
  readonly service: Service | undefined;
  /** How often this run has seen its group make it anew while it took calls on the wanted image; absent: never. */
  readonly remade?: number;
  /** Read while it joins; undefined otherwise. */
  readonly report: SelfReport | undefined;
  /** Call-ids without any party, older than the policy's age; looked for while it drains and no media flows. */
  readonly emptyCalls: readonly string[];
  /** Asked now and then while it drains and its calls may be handed over; absent: not known. */
  readonly movable?: Movable;
  readonly failure: Failure | undefined;
};

/** What the group of a zone should run. */
export type Target = {
  readonly zone: string;
  readonly template: string;
  readonly image: string;
  /** RTPEngine version in that image, as upstream tags it; undefined: the image's name does not tell. */
  readonly version: string | undefined;
};

export type Fleet = {
  readonly name: string;
  /** Zones in the order of the fleet file: the order of the rollout. */
  readonly zones: readonly string[];
  readonly targets: readonly Target[];
  readonly relays: readonly Relay[];
  /** Absent: none is, as far as is known; `unknown`: nobody can tell, so that none is begun. */
  readonly begun?: Begun | 'unknown';
};

/** The newest answer of a relay; undefined: none is known. */
export function lastAnswer({ looks }: Pick<Relay, 'looks'>): Answer | undefined {
  const newest = looks.at(-1);
  return newest?.kind === 'answer' ? newest : looks.findLast((look) => look.kind === 'answer');
}

/** True when the last look at a relay was not an answer, or there was none: it is then taken to be busy and away. */
export function isUnknown({ looks }: Pick<Relay, 'looks'>): boolean {
  return looks.at(-1)?.kind !== 'answer';
}

/** Does it take new calls, by its newest answer? */
export function isAdmitting(relay: Pick<Relay, 'looks'>): boolean | 'unknown' {
  const answer = lastAnswer(relay);
  return answer === undefined ? 'unknown' : answer.limit !== 0;
}

/** Calls on it, by its newest answer, own and foreign. */
export function callsOn(relay: Pick<Relay, 'looks'>): Known {
  const answer = lastAnswer(relay);
  return answer === undefined ? 'unknown' : answer.own + answer.foreign;
}
