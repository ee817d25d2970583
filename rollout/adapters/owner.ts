/** Who holds a lock: enough to name the owner, and to tell a dead one on this machine from a living one. */
import { readFileSync, readlinkSync } from 'node:fs';

export type Owner = {
  readonly run: string;
  /** user@host */
  readonly by: string;
  readonly pid: number;
  /** ISO time. */
  readonly since: string;
  /** Boot and process namespace in which `pid` means something; empty where the system does not tell. */
  readonly scope: string;
  /** Start of the process in clock ticks since boot: tells it from a later one with the same pid. */
  readonly startTicks: string;
  /** The file in which it looks for wishes, absolute. */
  readonly wishes?: string;
};

export function ownerOf(run: string, by: string, now: number, wishes?: string): Owner {
  const { pid } = process;
  return {
    run,
    by,
    pid,
    since: new Date(now).toISOString(),
    scope: scope(),
    startTicks: startTicks(pid) ?? '',
    ...(wishes === undefined ? {} : { wishes }),
  };
}

export function parseOwner(text: string): Owner | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'run' in value ? (value as Owner) : undefined;
  } catch {
    return undefined;
  }
}

/** True only when it is certain: same boot, same process namespace, and no such process. */
export function isDead(owner: Owner): boolean {
  return owner.scope !== '' && owner.scope === scope() && startTicks(owner.pid) !== owner.startTicks;
}

/** `run r2026… by ann@host (pid 812, since 2026-…)` */
export function describeOwner(owner: Owner | undefined): string {
  if (owner === undefined) return 'another run';
  return `run ${owner.run} by ${owner.by} (pid ${owner.pid}, since ${owner.since})`;
}

function scope(): string {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return '';
  }
}

/** Field 22 of /proc/PID/stat (proc(5)); the command name before it may hold spaces and parentheses. */
function startTicks(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}
