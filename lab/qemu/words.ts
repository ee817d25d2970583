/** A boot's report as a person reads it. Pure. */
import { readTuning, wordTuning } from '../../image-builder/tuning/read-back.ts';
import { wordInKernel } from '../../lib/kernel-forwarding.ts';
import { linesOf } from './console.ts';
import { type BootReport, kernelOf } from './judge.ts';

const LAST_LINES = 15;
const GIB = 1024 ** 3;

export function wordReport(report: BootReport, log: string): string {
  const { relay, guest, calls, healthySeconds, ok, problems, serial } = report;
  const kernel = kernelOf(report);
  const lines: string[] = [];
  if (relay !== undefined) lines.push(`${relay.version}, healthy after ${healthySeconds} s of emulation`);
  if (guest !== undefined) {
    lines.push(`systemd: ${guest.state}; boot: ${guest.startup}`);
    if (guest.secureBoot) lines.push('Secure Boot: on');
    lines.push(`root file system: ${(guest.rootBytes / GIB).toFixed(1)} GiB; MTU ${guest.mtu}`);
  }
  const tuning = readTuning(relay?.tuning ?? '');
  if (tuning.kind === 'in-force') lines.push(`tuning: ${wordTuning(tuning.tuning)}`);
  for (const { port, sent, receivedA, receivedB, inKernel } of calls.filter((call) => call.ok)) {
    const byKernel = wordInKernel(kernel, inKernel);
    lines.push(`call (ng port ${port}): RTP ${receivedA} and ${receivedB} of ${sent} packets${byKernel}`);
  }
  lines.push(...problems.map((problem) => `✖ ${problem}`));
  if (!ok)
    lines.push(
      ...linesOf(serial)
        .slice(-LAST_LINES)
        .map((line) => `    ${line}`),
    );
  lines.push(`console: ${log}`, ok ? 'fit' : 'not fit');
  return `${lines.join('\n')}\n`;
}
