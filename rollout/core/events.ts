/**
 * What a rollout tells: one closed union, written to the journal as JSON lines, drawn by the views and read by the
 * report. An event names the VM by its numeric id, since a re-created VM keeps its name. Types and pure helpers.
 */
import type { Known } from '../../lib/ng/fields.ts';
import type { ActKind } from './actions.ts';
import type { Phase } from './fleet.ts';
import type { Policy } from './policy.ts';
import type { WishKind } from './wish.ts';

/** Version of the event format; raised when a reader of the old one would be misled. */
export const EVENT_VERSION = 1;

/** The relay that an event is about. `id` is absent while there is no VM. */
export type RelayRef = { readonly zone: string; readonly name: string; readonly id?: string };

/** One line about a relay, as far as it is known; a number that is not known is absent, never 0. */
export type RelayState = {
  readonly relay: RelayRef;
  readonly phase: Phase;
  readonly address?: string;
  /** RTPEngine version of its image, e.g. `mr12.5.1.31`. */
  readonly version?: string;
  /** Takes new calls; absent: not known. */
  readonly admitting?: boolean;
  /** Calls it created and calls it took over; absent together: it did not answer. */
  readonly own?: number;
  readonly foreign?: number;
  /** RTP packets in the last second. */
  readonly packetRate?: number;
  /** Since when it is cordoned, ISO time, and by which run or person. */
  readonly cordonedAt?: string;
  readonly cordonedBy?: string;
  /** A person wants it left alone: `hold by ann-host: reason`. */
  readonly leftAlone?: string;
  /** Its floating address; absent: it has none. */
  readonly floating?: string;
  /** The relay that has this address, and its calls, for now; absent: it has it itself, or nobody is known to. */
  readonly carriedBy?: string;
};

/** What the group of a zone should run. */
export type TargetState = {
  readonly zone: string;
  readonly template: string;
  readonly image: string;
  /** Absent: the image's name does not tell. */
  readonly version?: string;
};

/** Why a run does not begin, and the way out. */
export type Reason = { readonly message: string; readonly next: string };

export type RunResult =
  /** Every relay serves the wanted image. */
  | 'done'
  /** It was not begun: what is wrong can be seen before a relay is touched. */
  | 'refused'
  /** A deadline passed, or something is left that only a person can decide; nothing was forced. */
  | 'held'
  /** A gate failed or a safety rule forbids to go on. */
  | 'halted'
  /** `rollout abort`: what was in hand is finished; with `--uncordon` relays that drained take calls again. */
  | 'aborted'
  /** Ctrl-C: what was in hand is finished, relays are as they are. */
  | 'interrupted'
  /** The run itself broke: cloud not reachable, lock lost. */
  | 'failed';

export type EventBody =
  | {
      readonly kind: 'run-started';
      readonly fleet: string;
      /** Who started it: user@host. */
      readonly by: string;
      readonly pid: number;
      /** The policy in force for this run, overrides applied. */
      readonly policy: Policy;
      readonly targets: readonly TargetState[];
      /** Every relay before the run touched anything. */
      readonly relays: readonly RelayState[];
    }
  /** The lock of the fleet was taken; `tookOver` names a dead owner's run. */
  | {
      readonly kind: 'locked';
      /** Absent in journals of older versions. */
      readonly fleet?: string;
      readonly by?: string;
      readonly lock: 'redis' | 'local';
      readonly token: number;
      readonly detail: string;
      readonly tookOver?: string;
    }
  /** A rollback pointed a zone's group at another template; relays move only by what the run then decides. */
  | { readonly kind: 'target-set'; readonly zone: string; readonly from: string; readonly to: string }
  /** A relay changed (phase, calls, admitting); relays that are not part of the work at most every 5 s. */
  | ({ readonly kind: 'relay-observed' } & RelayState)
  | {
      readonly kind: 'action-decided';
      readonly action: ActKind;
      readonly relay: RelayRef;
      readonly because: string;
    }
  /** The action's effect is confirmed (a cordon is read back); `replace`: the group accepted it. */
  | {
      readonly kind: 'action-done';
      readonly action: ActKind;
      readonly relay: RelayRef;
      readonly seconds: number;
      readonly detail?: string;
      /** Of `force`: calls that it cut; absent: the relay did not tell. */
      readonly cut?: number;
      /** Of `hand-over` and `give-back`: the calls that moved, and how many packets of a stream neither relay heard. */
      readonly moved?: {
        readonly calls: number;
        readonly mostPackets: Known;
        readonly gaps: readonly { readonly callId: string; readonly packets: Known }[];
      };
    }
  | {
      readonly kind: 'action-failed';
      readonly action: ActKind;
      readonly relay: RelayRef;
      readonly seconds: number;
      readonly code: string;
      readonly message: string;
      readonly hint?: string;
      /** What happens next: the next round tries again, the relay stays as it is, or the run ends. */
      readonly next: 'retry' | 'hold' | 'stop';
    }
  /** What is waited for; written when the reason changes. Without a relay: the whole run waits. */
  | { readonly kind: 'hold'; readonly relay?: RelayRef; readonly because: string; readonly overdue: boolean }
  /** The reason of an earlier `hold` is gone. */
  | { readonly kind: 'hold-ended'; readonly relay?: RelayRef }
  /** A relay takes calls on the wanted image; the new VM's id. `probe`: what the probe call measured. */
  | {
      readonly kind: 'relay-admitted';
      readonly relay: RelayRef;
      readonly version?: string;
      readonly detail?: string;
    }
  /** A person told the run to pause, to go on or to end; it has seen it. */
  | {
      readonly kind: 'wish';
      readonly wish: WishKind;
      readonly uncordon: boolean;
      readonly by: string;
      /** ISO time. */
      readonly askedAt: string;
    }
  /** What is known to go wrong, or to keep the run from its end, before it touches a relay; one sentence each. */
  | { readonly kind: 'foreseen'; readonly lines: readonly string[] }
  /** How long the drain of a relay will still take, from the ages of calls and the ends that this run saw; seconds. */
  | {
      readonly kind: 'eta';
      readonly relay: RelayRef;
      readonly p50: Known;
      readonly p90: Known;
      /** Age of its oldest call; absent in journals of older versions. */
      readonly oldestSeconds?: number;
    }
  /** A notification could not be delivered; nothing stops for that. `to`: host of its URL. */
  | { readonly kind: 'notify-failed'; readonly to: string; readonly message: string }
  /** A whole round failed to see the fleet; it is tried again. */
  | { readonly kind: 'observe-failed'; readonly code: string; readonly message: string }
  | {
      readonly kind: 'run-ended';
      readonly result: RunResult;
      readonly because: string;
      readonly hint?: string;
      /** What kind of error it was, a stable word such as `preflight` or `gce-denied`; of `refused` and `failed` alone. */
      readonly code?: string;
      /** Of `refused`, where there are several or each has a way out of its own. */
      readonly reasons?: readonly Reason[];
      readonly seconds: number;
      /** Every relay as it is left. */
      readonly relays: readonly RelayState[];
    };

/** A line of the journal. `at` is ISO 8601 with milliseconds, `run` the run's id. */
export type RolloutEvent = {
  readonly v: typeof EVENT_VERSION;
  readonly at: string;
  readonly run: string;
} & EventBody;

export type EventKind = EventBody['kind'];
