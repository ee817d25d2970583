/** The health gate of a relay that joins: what must be true before the probe call. Pure. */
import type { Relay, Target } from './fleet.ts';
import { isUnknown } from './fleet.ts';
import { failedChecks } from './own-checks.ts';

export type GateVerdict =
  | { readonly kind: 'pass'; readonly because: string }
  | { readonly kind: 'wait'; readonly because: string };

/**
 * Answers ng, says of itself that it is healthy and that its tuning (sysctls, limits, CPUs) is in force, and runs the version that its template's image holds.
 * The last part of the gate, a call with RTP both ways, belongs to the action `admit`.
 */
export function joinGate(relay: Relay, target: Target | undefined): GateVerdict {
  if (isUnknown(relay)) return wait('it does not answer yet');
  const { report } = relay;
  if (report?.health === undefined) return wait('it has not reported its health yet');
  const [amiss] = failedChecks(report);
  if (amiss !== undefined) return wait(amiss);
  if (report.version === undefined) return wait('it has not reported its version yet');
  const expected = target?.version;
  if (expected !== undefined && report.version !== expected)
    return wait(`it runs ${report.version}, but its image should hold ${expected}`);
  return { kind: 'pass', because: `it answers, its own check is good and it runs ${report.version}` };
}

function wait(because: string): GateVerdict {
  return { kind: 'wait', because };
}
