/**
 * What a rollout sees: one snapshot of a fleet. Everything the decision needs is in here, and nothing else is;
 * times are milliseconds since the epoch. Types only.
 */

/** Where a relay stands, derived from what is seen (`phaseOf`), never remembered. */
export type Phase =
  /** On an old image and taking calls, or not yet touched. */
  | 'stale'
  /** Cordoned by a rollout; calls are still on it, or that is not known. */
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
  /** Seconds that an ended call stays in memory and in the count. */
  readonly deleteDelay: number;
};

/** One answer of a relay. The limit is read before the counts, so that no call can slip in between unseen. */
export type Answer = {
  readonly kind: 'answer';
  /** When the first request of this answer was sent. */
  readonly at: number;
  readonly settings: Settings;
  /** Calls that this relay created. */
  readonly own: number;
  /** Calls that it took over from another through Redis; it may carry their media (facts/rtpengine.md D2). */
  readonly foreign: number;
  /** Packets in the last second. */
  readonly packetRate: number;
  /** Streams with media in the last two seconds, userspace and kernel. */
  readonly activeMedia: number;
  /** Seconds since the process started; going backwards = restarted, and a run-time cordon is lost. */
  readonly uptime: number;
};

/** The relay did not give a full, well-formed answer. This is never "no calls". */
export type Silence = { readonly kind: 'silence'; readonly at: number; readonly reason: string };

export type Look = Answer | Silence;

/** The intent that a rollout (or a person) wrote on the VM. */
export type Cordon = { readonly at: number; readonly by: string; readonly before: Settings };

/** What the relay says about itself through guest attributes; absent until its boot is complete. */
export type SelfReport = {
  readonly version: string | undefined;
  readonly health: { readonly ok: boolean; readonly failed: readonly string[] } | undefined;
};

/** What the group is doing with the VM. */
export type Vm = {
  /** `ready`: it runs and the group is not changing it; `changing`: it is; `absent`: there is none. */
  readonly state: 'ready' | 'changing' | 'absent';
  /** GCE's own words for it, e.g. `RECREATING/STAGING`. */
  readonly detail: string;
  readonly createdAt: number | undefined;
};

/** An action of this run that did not succeed on this VM. */
export type Failure = {
  readonly action: string;
  readonly at: number;
  readonly kind: 'retry' | 'hold' | 'stop';
  readonly message: string;
};

export type Relay = {
  readonly zone: string;
  readonly name: string;
  /** Numeric id of the VM; a re-created VM has the same name and another id. Undefined: no VM. */
  readonly id: string | undefined;
  readonly address: string | undefined;
  readonly vm: Vm;
  /** Runs what its group wants now. */
  readonly onTarget: boolean;
  /** Version of the image it runs, as its template names it; undefined: not known. */
  readonly version: string | undefined;
  readonly cordon: Cordon | undefined;
  /** Its group holds `admission=controller` for it: born cordoned, waits for a rollout to admit it. */
  readonly awaitsController: boolean;
  /** The last looks at this VM, oldest first; the last one is from this round. Empty: not asked (no address). */
  readonly looks: readonly Look[];
  /** Since when this VM has not answered; undefined: it answered this round. */
  readonly silentSince: number | undefined;
  /** Since when its group has been changing it, as far as this run has seen. */
  readonly changingSince: number | undefined;
  /** Read while it joins; undefined otherwise. */
  readonly report: SelfReport | undefined;
  /** Call-ids without any party, older than the policy's age; read while it drains. */
  readonly emptyCalls: readonly string[];
  readonly failure: Failure | undefined;
};

/** What the group of a zone should run. */
export type Target = {
  readonly zone: string;
  readonly template: string;
  readonly image: string;
  /** RTPEngine version in that image, as upstream tags it. */
  readonly version: string;
};

export type Fleet = {
  readonly name: string;
  /** Zones in the order of the fleet file: the order of the rollout. */
  readonly zones: readonly string[];
  readonly targets: readonly Target[];
  readonly relays: readonly Relay[];
};
