/**
 * `report.json`: what a rollout did and what the callers noticed. Described for other programs in
 * `report.schema.json`. Times are ISO 8601 with milliseconds; durations are seconds. What is not known is absent.
 */
import type { ActKind } from '../core/actions.ts';
import type { Phase } from '../core/fleet.ts';
import type { SummaryLine } from './call-lines.ts';

export const REPORT_VERSION = 1;

export type Report = {
  readonly v: typeof REPORT_VERSION;
  readonly fleet: string;
  readonly verdict: Verdict;
  readonly run: RunReport;
  readonly relays: readonly RelayReport[];
  /** Absent: no caller's statistics were given, so nothing is said about calls. */
  readonly calls?: CallsReport;
  readonly sessions: SessionsReport;
  readonly capacity: CapacityReport;
  readonly decisions: readonly Decision[];
  readonly waits: readonly Wait[];
  readonly audit: readonly AuditLine[];
};

/** One thing that was asked of a run, or that it told beside its decisions. */
export type AuditLine = { readonly at: string; readonly run: string; readonly said: string };

export type Verdict = {
  /** The rollout is done, every relay serves what it should, no call was cut, and no packet lost but by calls that moved. */
  readonly ok: boolean;
  readonly relays: number;
  /** Relays that serve the version that their group wants. */
  readonly onTarget: number;
  /** What is wrong, one sentence each; empty when `ok`. */
  readonly problems: readonly string[];
};

export type RunReport = {
  /** More than one when a run was ended in the middle and taken up by another. */
  readonly ids: readonly string[];
  readonly by: string;
  readonly startedAt: string;
  /** Absent: no end was written; the run still goes on or was killed. */
  readonly endedAt?: string;
  readonly seconds?: number;
  readonly result?: 'done' | 'refused' | 'held' | 'halted' | 'aborted' | 'interrupted' | 'failed';
  readonly because?: string;
  /** Why it was not begun, each with its way out. */
  readonly reasons?: readonly { readonly message: string; readonly next: string }[];
  /** The part of the fleet that the last run was to bring to the new image; absent: all of it. */
  readonly share?: number | string;
  readonly versionsBefore: readonly string[];
  readonly versionsAfter: readonly string[];
  readonly targets: readonly { readonly zone: string; readonly image: string; readonly version?: string }[];
};

export type RelayReport = {
  readonly zone: string;
  readonly name: string;
  readonly address?: string;
  /** What its callers were told, if that is another one. */
  readonly floating?: string;
  readonly versionBefore?: string;
  readonly versionAfter?: string;
  readonly onTarget: boolean;
  /** The session limit 0 was read back. */
  readonly cordonedAt?: string;
  readonly callsWhenCordoned?: number;
  /** The last call on it before it was replaced ended, as its callers saw it; absent: nobody told. */
  readonly lastCallAt?: string;
  /** The delete guard had its proof that no call is left. */
  readonly emptyAt?: string;
  /** The group accepted the order to re-create the VM. */
  readonly replacedAt?: string;
  /** The new VM was up and had to pass its gate. */
  readonly joinedAt?: string;
  /** It takes new calls again. */
  readonly admittedAt?: string;
  /** A person had it replaced with the calls that were on it; `calls` absent: it did not tell how many. */
  readonly forced?: { readonly calls?: number };
  /** From cordoned to empty. */
  readonly drainSeconds?: number;
  /** From empty to admitted: the relay served nobody. */
  readonly awaySeconds?: number;
  /** Phases in the order of time; the last one lasts to the end of the report. */
  readonly phases: readonly PhaseSpan[];
};

export type PhaseSpan = { readonly phase: Phase; readonly from: string; readonly to: string };

export type CallsReport = Omit<SummaryLine, 'kind' | 'at'> & {
  readonly shortestSeconds: number;
  readonly longestSeconds: number;
  /** Calls that went on at another relay meanwhile, and the packets that they lost by that: at most as many of each stream as both relays
   * missed, and one. Absent: none did. */
  readonly moved?: { readonly calls: number; readonly packetsLost: number };
  /** Every call that was cut or lost a packet otherwise. */
  readonly harmed: readonly HarmedCall[];
  /** False: the caller did not write its summary, so its figures are those of the calls that had ended. */
  readonly complete: boolean;
};

export type HarmedCall = {
  readonly id: string;
  readonly relay?: string;
  readonly at: string;
  readonly lost: number;
  readonly reason?: string;
};

/** Calls at once by relay, one value per second from `startedAt` on. null: not known at that moment. */
export type SessionsReport = {
  /** `caller`: calls with media, as the callers see them; `relays`: calls that the relays say they have. */
  readonly source: 'caller' | 'relays';
  readonly startedAt: string;
  readonly relays: readonly { readonly name: string; readonly calls: readonly (number | null)[] }[];
};

export type CapacityReport = {
  readonly maxUnavailable: number;
  /** Fewest relays that took new calls at one moment, as far as it was observed. */
  readonly leastAdmitting?: number;
  /** Most calls at once on one relay. */
  readonly mostOnOneRelay?: number;
  /** Longest drain that the policy lets pass without a report, seconds. */
  readonly drainSeconds: number;
  readonly pollSeconds: number;
  readonly goodAnswers: number;
};

export type Decision = {
  readonly at: string;
  readonly run: string;
  readonly what: ActKind;
  readonly relay: string;
  readonly because: string;
  /** Until its effect was confirmed; absent: it was not. */
  readonly seconds?: number;
  readonly outcome: 'done' | 'failed' | 'unknown';
  /** What was measured when it was done, or why it failed. */
  readonly detail?: string;
};

/** What was waited for. */
export type Wait = {
  /** Absent: the whole run waited. */
  readonly relay?: string;
  readonly because: string;
  readonly from: string;
  readonly to: string;
  readonly seconds: number;
  /** Its deadline passed; nothing was forced. */
  readonly overdue: boolean;
};
