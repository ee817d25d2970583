/** What came of the demo: the report's files, and the one line that says whether all went well. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FleetError } from '../../lib/errors.ts';
import type { RelayState, RolloutEvent } from '../../rollout/core/events.ts';
import { buildReport } from '../../rollout/report/build.ts';
import { type CallLine, readLines } from '../../rollout/report/call-lines.ts';
import { renderReport } from '../../rollout/report/html.ts';
import type { Report } from '../../rollout/report/types.ts';
import { DEMO, ROOT } from './plan.ts';
import { serves } from './steps.ts';

export type Outcome = {
  readonly ok: boolean;
  /** The demo's last line. */
  readonly line: string;
  /** What was not as it should be. */
  readonly problems: readonly string[];
  readonly page: string;
};

/** Journal and calls → report.json and report.html in the repository. */
export function writeReport(
  journal: string,
  calls: readonly CallLine[],
  folder: string = ROOT,
): { readonly report: Report; readonly page: string } {
  const events = readLines<RolloutEvent>(readFileSync(journal, 'utf8')).lines;
  const report = buildReport({ events, calls });
  if (report === undefined) throw noRun(journal);
  const page = join(folder, 'report.html');
  writeFileSync(join(folder, 'report.json'), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(page, renderReport(report));
  return { report, page };
}

/** `relays`: a look at the fleet after everything, so that the last line says what is, not what a journal says. Pure. */
export function judge(seen: {
  readonly report: Report;
  readonly relays: readonly RelayState[];
  readonly page: string;
}): Outcome {
  const { report, relays, page } = seen;
  const { version } = DEMO.after;
  const { calls = 0, cut = 0, packetsSent = 0, packetsLost = 0, leastAtOnce } = report.calls ?? {};
  const there = relays.filter((relay) => serves(relay, version)).length;
  const few = leastAtOnce === undefined || leastAtOnce < DEMO.calls.promised;
  const problems = [
    ...report.verdict.problems,
    ...(there === relays.length && there > 0
      ? []
      : [`Only ${there} of ${relays.length} relays serve ${version}.`]),
    ...(few ? [`There were only ${leastAtOnce ?? 0} calls at once at some moment.`] : []),
    ...(report.calls === undefined ? ['No call was counted.'] : []),
  ];
  const sums = `${calls} calls, ${cut} cut, ${packetsLost} of ${packetsSent} RTP packets lost`;
  const line = `demo: ${sums}, ${there} of ${relays.length} relays on ${version}`;
  return { ok: problems.length === 0, line, problems, page };
}

function noRun(journal: string): FleetError {
  return new FleetError({
    kind: 'stop',
    code: 'demo-report',
    message: `The rollout wrote no start into its journal ${journal}, so there is nothing to report.`,
  });
}
