/**
 * Where the time of a rollout went that went relay by relay, and how near it came to what no controller can beat:
 *
 *   bound = for each relay   its last call, from the cordon until that call's own end
 *                          + RTPEngine's keeping of an ended call, which lets what is in flight pass
 *                          + the VM, from the order for it until its RTPEngine answers
 *                          + its check of itself, without which it may take no call, until it tells
 *                          + the packets of the probe call, one every 20 ms
 *                          + three operations of the cloud, one after the other, without which a killed run could not be taken up: the
 *                            label before the cordon, the hold before the order, and its end after the admission
 *
 * The rest is the controller's: proof, orders, gates, rounds. Pure.
 */
import type { RelayReport, Report } from '../rollout/report/types.ts';

/** What was seen from outside, ms since the epoch; undefined: it was not. */
export type Seen = {
  readonly goneAt: (relay: string, emptyAt: string | undefined) => number | undefined;
  readonly backAt: (relay: string, from: string | undefined, to: string | undefined) => number | undefined;
  readonly checkedAt: (relay: string, from: string | undefined, to: string | undefined) => number | undefined;
};

/** Seconds, in the order in which they pass. */
export type RolloutTime = {
  readonly total: number;
  readonly bound: number;
  readonly steps: Readonly<Record<string, number>>;
};

const PACKET_SECONDS = 0.02;

const BOUND = {
  calls: 'bound: calls that were up, until the end of the last one',
  kept: 'bound: RTPEngine keeps an ended call',
  made: 'bound: the VM is made, until its RTPEngine answers',
  checked: 'bound: the VM checks itself, until it tells',
  probe: 'bound: packets of the probe call',
  operations: 'bound: three operations of the cloud for each relay',
} as const;
const REST = {
  begin: 'before the first cordon, and from one relay to the next',
  proof: 'proof that no call is left',
  order: 'order to make the VM anew',
  gate: "the VM's word is seen",
  admit: 'the rest of the probe call, and the admission',
  end: 'last look',
} as const;

/** What is known beforehand. */
export type Given = {
  /** As the fleet file says. */
  readonly gatePackets: number;
  /** So long an operation of the cloud takes, seconds. */
  readonly operationSeconds: number;
};

/** `report`: of a run that replaced relay by relay. */
export function rolloutTime(
  report: Report,
  seen: Seen,
  { gatePackets, operationSeconds }: Given,
): RolloutTime {
  const { startedAt, endedAt = startedAt } = report.run;
  const steps: Record<string, number> = Object.fromEntries(
    [...Object.values(BOUND), ...Object.values(REST)].map((step) => [step, 0]),
  );
  let now = Date.parse(startedAt);
  /** What was not seen takes no time of its own: it is part of the next step. */
  const until = (step: string, at: number | undefined) => {
    const next = Math.max(now, at ?? now);
    steps[step] = (steps[step] ?? 0) + (next - now) / 1_000;
    now = next;
  };
  /** The cloud's operation is the last of it. */
  const untilOrdered = (step: string, at: number | undefined) => {
    until(step, at === undefined ? undefined : at - operationSeconds * 1_000);
    until(BOUND.operations, at);
  };
  for (const relay of replaced(report)) {
    const { name, cordonedAt, lastCallAt, emptyAt, replacedAt, admittedAt } = relay;
    untilOrdered(REST.begin, time(cordonedAt));
    until(BOUND.calls, time(lastCallAt));
    until(BOUND.kept, seen.goneAt(name, emptyAt));
    until(REST.proof, time(emptyAt));
    untilOrdered(REST.order, time(replacedAt));
    until(BOUND.made, seen.backAt(name, replacedAt, admittedAt));
    until(BOUND.checked, seen.checkedAt(name, replacedAt, admittedAt));
    const admit = report.decisions.findLast((one) => one.what === 'admit' && one.relay === name);
    until(REST.gate, time(admit?.at));
    until(BOUND.probe, Math.min(time(admittedAt) ?? now, now + gatePackets * PACKET_SECONDS * 1_000));
    untilOrdered(REST.admit, time(admittedAt));
  }
  until(REST.end, time(endedAt));
  const bound = Object.values(BOUND).reduce((sum, step) => sum + (steps[step] ?? 0), 0);
  return { total: (now - Date.parse(startedAt)) / 1_000, bound, steps };
}

function replaced({ relays }: Report): readonly RelayReport[] {
  return relays
    .filter(({ replacedAt }) => replacedAt !== undefined)
    .toSorted((a, b) => (a.cordonedAt ?? '').localeCompare(b.cordonedAt ?? ''));
}

function time(iso: string | undefined): number | undefined {
  return iso === undefined ? undefined : Date.parse(iso);
}
