/** The running dnsmasq of a lab: outlives the daemon, and is replaced by the next one. */
import { access, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FleetError } from '../../lib/errors.ts';
import { startDetached } from '../host/detached.ts';
import { readJson, writeJson } from '../host/json-file.ts';
import { end, isAlive, type ProcessId, until } from '../host/processes.ts';
import { type DnsmasqOptions, dnsmasqArguments } from './dnsmasq.ts';

/** Resolves when it serves. Leases are fixed, so that a moment without it between two daemons changes nothing. */
export async function startDnsmasq(
  folder: string,
  namespace: string,
  options: Omit<DnsmasqOptions, 'pidFile'>,
): Promise<ProcessId> {
  const record = join(folder, 'dnsmasq.json');
  const pidFile = join(folder, 'dnsmasq.pid');
  const log = join(folder, 'dnsmasq.log');
  const earlier = (await readJson(record)) as ProcessId | undefined;
  if (earlier !== undefined) await end(earlier, 2_000);
  await rm(pidFile, { force: true });
  const program = ['dnsmasq', ...dnsmasqArguments({ ...options, pidFile })];
  const started = await startDetached(['nsenter', `--net=/run/netns/${namespace}`, ...program], { log });
  if (started === undefined || !(await serves(started, pidFile))) throw await notServing(log);
  await writeJson(record, started);
  return started;
}

/** It writes its pid once its sockets are open. */
async function serves(dnsmasq: ProcessId, pidFile: string): Promise<boolean> {
  const settled = async (): Promise<boolean> => (await exists(pidFile)) || !(await isAlive(dnsmasq));
  return (await until(settled, 5_000)) && isAlive(dnsmasq);
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function notServing(log: string): Promise<FleetError> {
  const said = (await readFile(log, 'utf8').catch(() => '')).trim().split('\n').at(-1);
  return new FleetError({
    kind: 'stop',
    code: 'dnsmasq-failed',
    message: `dnsmasq, which gives the machines of the lab addresses and names, did not start: ${said}`,
  });
}
