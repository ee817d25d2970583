/** The running dnsmasq of a lab: outlives the daemon, and is replaced by the next one. */
import { spawn } from 'node:child_process';
import { access, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FleetError } from '../../lib/errors.ts';
import { readJson, writeJson } from '../host/json-file.ts';
import { end, identify, type ProcessId, until } from '../host/processes.ts';
import { type DnsmasqOptions, dnsmasqArguments } from './dnsmasq.ts';

/** Resolves when it serves. Leases are fixed, so that a moment without it between two daemons changes nothing. */
export async function startDnsmasq(
  folder: string,
  namespace: string,
  options: Omit<DnsmasqOptions, 'pidFile'>,
): Promise<ProcessId> {
  const record = join(folder, 'dnsmasq.json');
  const pidFile = join(folder, 'dnsmasq.pid');
  const earlier = (await readJson(record)) as ProcessId | undefined;
  if (earlier !== undefined) await end(earlier, 2_000);
  await rm(pidFile, { force: true });
  const program = ['dnsmasq', ...dnsmasqArguments({ ...options, pidFile })];
  const child = spawn('nsenter', [`--net=/run/netns/${namespace}`, ...program], {
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  child.unref();
  const serving = (): Promise<boolean> =>
    access(pidFile).then(
      () => true,
      () => child.exitCode !== null,
    );
  await until(serving, 5_000);
  const started = child.exitCode === null && child.pid ? await identify(child.pid) : undefined;
  if (started === undefined) throw notServing();
  await writeJson(record, started);
  return started;
}

function notServing(): FleetError {
  return new FleetError({
    kind: 'stop',
    code: 'dnsmasq-failed',
    message: 'dnsmasq, which gives the machines of the lab addresses and names, did not start.',
  });
}
