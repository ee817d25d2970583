/** Whether a machine that was booted from an image is one that may serve: every reason why not. Pure. */
import { readTuning } from '../../image-builder/tuning/read-back.ts';
import { kernelFault, kernelForwarding } from '../../lib/kernel-forwarding.ts';
import { consoleProblems, linesOf, refusedBySecureBoot } from './console.ts';
import type { GuestReport, RelayReport } from './guest.ts';

export type Call = {
  /** Of ng. */
  readonly port: number;
  readonly ok: boolean;
  readonly reason: string | undefined;
  /** RTP packets that each end sent, and that arrived at caller and callee. */
  readonly sent: number;
  readonly receivedA: number;
  readonly receivedB: number;
  /** RTP that the relay's kernel forwarded; undefined: it forwards none here. */
  readonly inKernel?: number;
};

export type Evidence = {
  /** All that the serial port printed. */
  readonly serial: string;
  readonly relay: RelayReport | undefined;
  readonly guest: GuestReport | undefined;
  /** From the start of QEMU to the relay's word about its health; undefined: none came. */
  readonly healthySeconds: number | undefined;
  /** From the start of QEMU to the end of watching. */
  readonly seconds: number;
  /** The watching ended because the time was over. */
  readonly isOver: boolean;
  /** One through each RTPEngine; none when no relay told its health. */
  readonly calls: readonly Call[];
  /** Size of the disk, where it was made larger than the image; undefined: it was not. */
  readonly diskBytes: number | undefined;
  /** It was started by firmware that trusts one signer alone. */
  readonly isSecureBoot: boolean;
};

export type BootReport = {
  readonly ok: boolean;
  /** One clause for each reason why not. */
  readonly problems: readonly string[];
} & Evidence;

/** What GCE gives a network interface by default, and so does the DHCP of the lab. */
const MTU = 1460;
/** The other partitions and ext4's own tables take less than the rest. */
const LEAST_PART_OF_DISK = 0.9;

/** @param version release that must run; undefined: any */
export function judge(evidence: Evidence, version: string | undefined): BootReport {
  const problems = refusal(evidence) ?? [
    ...consoleProblems(evidence.serial).map(({ what, line }) => `console: ${what}: ${line.trim()}`),
    ...silence(evidence),
    ...relayProblems(evidence, version),
    ...guestProblems(evidence),
    ...evidence.calls.flatMap((call) => callProblems(call, kernelOf(evidence))),
  ];
  return { ...evidence, ok: problems.length === 0, problems };
}

/** The one reason for all that is missing then. */
function refusal({ serial, relay }: Evidence): readonly string[] | undefined {
  const what = relay === undefined ? refusedBySecureBoot(serial) : undefined;
  if (what === undefined) return undefined;
  return [
    `Secure Boot did not let ${what} start: it was not signed with the certificate that the firmware trusts, or was changed since`,
  ];
}

function silence({ relay, guest, seconds, isOver, serial }: Evidence): readonly string[] {
  if (relay !== undefined && guest !== undefined) return [];
  const missing = relay === undefined ? 'its health' : 'the end of its boot';
  const last = linesOf(serial).at(-1) ?? 'nothing at all';
  const how = isOver ? `within ${Math.round(seconds)} s` : `and ended after ${Math.round(seconds)} s`;
  return [`the machine did not tell ${missing} ${how}; the last line of its console: ${last.trim()}`];
}

function relayProblems({ relay }: Evidence, version: string | undefined): readonly string[] {
  if (relay === undefined) return [];
  const problems: string[] = [];
  if (version !== undefined && relay.version !== version)
    problems.push(`it runs ${relay.version}, not ${version}`);
  if (!isHealthy(relay.health)) problems.push(`it is not healthy: ${relay.health}`);
  const tuning = readTuning(relay.tuning);
  if (tuning.kind === 'faults') problems.push(`its tuning is not in force: ${tuning.faults.join('; ')}`);
  return problems;
}

function guestProblems({ guest, diskBytes, isSecureBoot }: Evidence): readonly string[] {
  if (guest === undefined) return [];
  const problems: string[] = [];
  if (guest.state !== 'running')
    problems.push(
      `systemd is ${guest.state || 'silent'}: ${guest.failedUnits.join(' ') || 'no unit failed'}`,
    );
  if (!isHealthy(guest.health))
    problems.push(`it is not healthy at the end of its boot: ${guest.health || 'it said nothing of it'}`);
  if (isSecureBoot && !guest.secureBoot) problems.push('Secure Boot is off');
  if (guest.mtu !== MTU) problems.push(`its network interface has MTU ${guest.mtu}, and DHCP said ${MTU}`);
  if (diskBytes !== undefined && !(guest.rootBytes > diskBytes * LEAST_PART_OF_DISK))
    problems.push(
      `its root file system has ${guest.rootBytes} bytes on a disk of ${diskBytes}: it did not grow`,
    );
  return problems;
}

function callProblems({ ok, port, reason, inKernel }: Call, kernel: string | undefined): readonly string[] {
  if (!ok) return [`a call through it (ng port ${port}) failed: ${reason ?? 'no reason given'}`];
  const fault = kernelFault(kernel, inKernel);
  return fault === undefined ? [] : [fault];
}

/** What the relay says of forwarding in its kernel; undefined: nothing that could be read. */
export function kernelOf({ relay }: Pick<Evidence, 'relay'>): string | undefined {
  return relay !== undefined && isHealthy(relay.health) ? kernelForwarding(relay.health) : undefined;
}

function isHealthy(health: string): boolean {
  return health.startsWith('{"ok":true,');
}
