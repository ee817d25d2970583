/** The demo's calls: the caller as a program of its own, and what it has told so far. */

import { FleetError } from '../../lib/errors.ts';
import { type CallLine, readLines, type SummaryLine } from '../../rollout/report/call-lines.ts';
import { totalsOf } from '../../rollout/report/sums.ts';
import type { LabFile } from '../lab-file.ts';
import { DEMO } from './plan.ts';
import type { Program, Programs } from './programs.ts';

export type Traffic = {
  readonly lines: readonly CallLine[];
  /** Calls with media at this moment. */
  readonly talking: () => number;
  /** `41 calls up, 120 ended, 0 cut, 0 packets lost`. */
  readonly words: () => string;
  /** Resolves when that many calls are up. Rejects when the caller ends or is too slow. */
  readonly reached: (calls: number, signal: AbortSignal) => Promise<void>;
  /** No new calls; those that are up are hung up once the youngest is as long as a call has to be. Resolves with the
   * summary after the last one. */
  readonly stop: () => Promise<SummaryLine>;
};

const RAMP_UP_SECONDS = 60;
/** A call that is being set up when the others stop has this long to get there. */
const SETUP_SECONDS = 1.5;

export async function startTraffic(
  programs: Programs,
  lab: LabFile,
  relays: readonly string[],
  onLine: (line: CallLine) => void,
): Promise<Traffic> {
  const { perSecond, atLeast, seconds, reInvites } = DEMO.calls;
  const flags = {
    ...{ relays: relays.join(','), from: lab.gateway, rate: perSecond, 'at-least': atLeast },
    ...{ seconds: seconds.join('-'), reinvites: reInvites },
  };
  const args = ['--json', ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)])];
  const lines: CallLine[] = [];
  const program = await programs.start('lab/calls/main.ts', args, (text) => {
    for (const line of readLines<CallLine>(text).lines) {
      lines.push(line);
      onLine(line);
    }
  });
  const talking = () => lines.findLast((line) => line.kind === 'second')?.talking ?? 0;
  return {
    ...{ lines, talking },
    words: () => wordsOf(lines, talking()),
    reached: (calls, signal) => reached(program, talking, calls, signal),
    stop: async () => {
      program.signal('SIGTERM');
      const hangUp = setTimeout(() => program.signal('SIGTERM'), (seconds[0] + SETUP_SECONDS) * 1_000);
      await program.exit;
      clearTimeout(hangUp);
      const summary = lines.findLast((line) => line.kind === 'summary');
      if (summary === undefined) throw ended(program);
      return summary;
    },
  };
}

function wordsOf(lines: readonly CallLine[], talking: number): string {
  const { calls, cut, packetsLost } = totalsOf(lines.filter((line) => line.kind === 'call-ended'));
  return `${talking} calls up, ${calls} ended, ${cut} cut, ${packetsLost} packets lost`;
}

async function reached(
  program: Program,
  talking: () => number,
  calls: number,
  signal: AbortSignal,
): Promise<void> {
  const isOver = { value: false };
  void program.exit.then(() => {
    isOver.value = true;
  });
  for (let waited = 0; talking() < calls; waited += 100) {
    signal.throwIfAborted();
    if (isOver.value || waited > RAMP_UP_SECONDS * 1_000) throw ended(program);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function ended(program: Program): FleetError {
  return new FleetError({
    kind: 'stop',
    code: 'demo-calls',
    message: `The calls did not come up as they should. ${program.complaint()}`.trim(),
    hint: 'Run the demo with -- --keep, then call by hand: pnpm lab calls --relays <address>,…',
  });
}
