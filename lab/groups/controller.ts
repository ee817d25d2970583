/**
 * The controllers of all groups, in one loop: look at machines and health, decide what each member needs (lab/groups/repair.ts), and
 * have it done, every member on its own. What is to be done is in the state; this loop holds only what it can see again.
 */
import type { Lab } from '../context.ts';
import { lastOf } from '../links.ts';
import type { MachineState } from '../ports.ts';
import { startInstance } from '../resources/instance-life.ts';
import type { InstanceRecord } from '../state.ts';
import type { HealthCheck, Link } from '../types.ts';
import type { Job } from './act.ts';
import { actOn, recordOfMember } from './act.ts';
import { nextName } from './names.ts';
import { targetVersion } from './policy.ts';
import { probe } from './probe.ts';
import type { Seen } from './repair.ts';
import { countProbe, judgeMember } from './repair.ts';
import type { GroupRecord, Health, Member } from './types.ts';

export type Controller = {
  /** Looks at once instead of at the next tick. */
  readonly kick: () => void;
  readonly healthOf: (instanceId: string) => Health;
  /** Resolves when the loop has ended (`lab.closing`); actions under way go on in the machinery. */
  readonly run: () => Promise<void>;
};

const UNKNOWN: Health = { state: 'UNKNOWN', successes: 0, failures: 0 };

/** What the loop has seen, by instance id. */
type Memory = {
  readonly working: Set<Member>;
  readonly health: Map<string, Health>;
  readonly probedAt: Map<string, number>;
  readonly probing: Set<string>;
};

export function createController(lab: Lab): Controller {
  const memory: Memory = { working: new Set(), health: new Map(), probedAt: new Map(), probing: new Set() };
  let wake: () => void = () => undefined;
  const tick = async (): Promise<void> => {
    await observeMachines(lab);
    for (const group of Object.values(lab.state.tables.instanceGroupManagers))
      steerGroup(lab, group, memory, kick);
  };
  const kick = (): void => wake();
  return {
    kick,
    healthOf: (id) => memory.health.get(id) ?? UNKNOWN,
    run: async () => {
      while (!lab.closing.aborted) {
        await tick();
        const kicked = new Promise<void>((resolve) => {
          wake = resolve;
        });
        const pause = new AbortController();
        const stop = AbortSignal.any([pause.signal, lab.closing]);
        await Promise.race([kicked, lab.clock.sleep(lab.timing.tickMs, stop).catch(() => undefined)]);
        pause.abort();
      }
    },
  };
}

const stateOf = (lab: Lab, id: string): Promise<MachineState> =>
  lab.machines.state(id).catch(() => 'unknown');

/** A machine that ended by itself (power-off from inside, crash) is TERMINATED. Not knowing is not that. */
async function observeMachines(lab: Lab): Promise<void> {
  const running = Object.values(lab.state.tables.instances).filter(
    ({ resource }) => resource.status === 'RUNNING',
  );
  await Promise.all(
    running.map(async ({ resource }) => {
      const state = await stateOf(lab, String(resource.id));
      if (state !== 'stopped' || resource.status !== 'RUNNING') return;
      resource.status = 'TERMINATED';
      lab.store.changed();
    }),
  );
}

/** After a start of the lab: machines that ran and do not any more are booted again, as after a host error on GCE. */
export async function revive(lab: Lab): Promise<void> {
  const running = Object.entries(lab.state.tables.instances).filter(
    ([, { resource }]) => resource.status === 'RUNNING',
  );
  await Promise.all(
    running.map(async ([link, { resource }]) => {
      const id = String(resource.id);
      if ((await stateOf(lab, id)) !== 'stopped') return;
      resource.status = 'STAGING';
      // It stays TERMINATED when it cannot boot; its group, if it has one, replaces it.
      await startInstance(lab, link, id).catch(() => undefined);
    }),
  );
}

function steerGroup(lab: Lab, group: GroupRecord, memory: Memory, kick: () => void): void {
  fillUp(lab, group);
  for (const member of Object.values(group.members)) {
    const job: Job = { lab, group, member };
    const record = recordOfMember(job);
    if (record) probeWhenDue(lab, group, record, memory, kick);
    if (!memory.working.has(member)) judge(job, record, memory);
    begin(job, memory, kick);
  }
}

/** Members that are missing from the target size are created; too many are never removed here (resize and delete do that). */
function fillUp(lab: Lab, group: GroupRecord): void {
  if (group.deleting) return;
  const staying = Object.values(group.members).filter(({ action }) => action !== 'DELETING').length;
  for (let missing = Number(group.resource.targetSize ?? 0) - staying; missing > 0; missing--)
    addMember(lab, group);
}

/** A new member, CREATING, with the name given or the next one of the group. */
export function addMember(lab: Lab, group: GroupRecord, name?: string): Member {
  const taken = new Set([
    ...Object.keys(group.members),
    ...Object.keys(lab.state.tables.instances).map(lastOf),
  ]);
  const chosen = name ?? nextName(group.resource.baseInstanceName ?? '', taken, lab.clock.random);
  const member: Member = { name: chosen, action: 'CREATING', version: targetVersion(group, chosen) };
  group.members[chosen] = member;
  lab.store.changed();
  return member;
}

function judge(job: Job, record: InstanceRecord | undefined, memory: Memory): void {
  const { lab, group, member } = job;
  const seen: Seen = {
    action: member.action,
    status: record?.resource.status ?? undefined,
    runningMs: record ? lab.clock.now() - Date.parse(record.resource.lastStartTimestamp ?? '') : 0,
    probeMs: Number(healthCheckOf(lab, group)?.checkIntervalSec ?? 0) * 1000,
    health: healthCheckOf(lab, group) && (memory.health.get(String(record?.resource.id)) ?? UNKNOWN),
  };
  const verdict = judgeMember(seen, group.resource);
  if (verdict.kind === 'stay') return;
  if (verdict.kind === 'verified') member.action = 'NONE';
  else beginRepair(job, record);
  lab.store.changed();
}

/** A repair keeps the VM's own version unless `forceUpdateOnRepair` asks for the group's. */
function beginRepair({ group, member }: Job, record: InstanceRecord | undefined): void {
  if (group.resource.instanceLifecyclePolicy?.forceUpdateOnRepair === 'YES')
    member.version = targetVersion(group, member.name);
  member.action = 'RECREATING';
  if (record) member.oldId = String(record.resource.id);
}

/** Starts what a member's action asks for, unless it is under way or waits for its next try. */
function begin(job: Job, memory: Memory, kick: () => void): void {
  const { lab, member } = job;
  if (member.action === 'NONE' || member.action === 'VERIFYING' || memory.working.has(member)) return;
  if ((member.failure?.retryAt ?? 0) > lab.clock.now()) return;
  memory.working.add(member);
  void actOn(job).finally(() => {
    memory.working.delete(member);
    kick();
  });
}

function healthCheckOf(lab: Lab, group: GroupRecord): HealthCheck | undefined {
  const link: Link = group.resource.autoHealingPolicies?.[0]?.healthCheck ?? '';
  return lab.state.tables.healthChecks[link]?.resource;
}

function probeWhenDue(
  lab: Lab,
  group: GroupRecord,
  record: InstanceRecord,
  memory: Memory,
  kick: () => void,
): void {
  const check = healthCheckOf(lab, group);
  const { id: rawId, status, networkInterfaces } = record.resource;
  const id = String(rawId);
  if (check === undefined || status !== 'RUNNING' || memory.probing.has(id)) return;
  if (lab.clock.now() < (memory.probedAt.get(id) ?? 0) + Number(check.checkIntervalSec ?? 5) * 1000) return;
  memory.probedAt.set(id, lab.clock.now());
  memory.probing.add(id);
  void probe(check, networkInterfaces?.[0]?.networkIP ?? '').then((result) => {
    memory.probing.delete(id);
    const before = memory.health.get(id) ?? UNKNOWN;
    const after = countProbe(before, result, check.healthyThreshold ?? 2, check.unhealthyThreshold ?? 2);
    memory.health.set(id, after);
    if (after.state !== before.state) kick();
  });
}
