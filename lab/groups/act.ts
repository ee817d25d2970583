/**
 * Carries out what a member's `currentAction` says. Each function may be begun again after the lab was killed half-way: it
 * looks at what there is, not at what it remembers.
 */
import { isFleetError, reasonOf } from '../../lib/errors.ts';
import type { Lab } from '../context.ts';
import { fingerprintOf, newId, projectNumber, timestamp } from '../context.ts';
import { lastOf, linkTo, regionOfZone, zoneOf } from '../links.ts';
import { invalid } from '../refusal.ts';
import { entryOf } from '../resources/call.ts';
import { buildInstance } from '../resources/instance-build.ts';
import { deleteInstance, startInstance, stopInstance } from '../resources/instance-life.ts';
import { completeMetadata } from '../resources/instance-metadata.ts';
import type { InstanceRecord } from '../state.ts';
import type { InstanceProperties, Link, Metadata } from '../types.ts';
import { ADDRESS_KINDS, addressRule, keepsAddress } from './policy.ts';
import type { GroupRecord, Member, MemberAction } from './types.ts';
import { configText, instanceLink } from './view.ts';

export type Job = { readonly lab: Lab; readonly group: GroupRecord; readonly member: Member };

const linkOfMember = ({ lab, group, member }: Job): Link =>
  instanceLink(lab.project, lastOf(group.resource.zone ?? ''), member.name);

export const recordOfMember = (job: Job): InstanceRecord | undefined =>
  job.lab.state.tables.instances[linkOfMember(job)];

/** How long until a failed creation is tried again (GCE backs off too). */
const RETRY_MS = 5_000;

/** One try at the action under way. A failure is noted on the member, which is tried again later. */
export async function actOn(job: Job): Promise<void> {
  const { lab, member } = job;
  try {
    await ACTS[member.action](job);
    delete member.failure;
  } catch (error) {
    if (lab.closing.aborted) return;
    const code = isFleetError(error) ? error.code : 'INTERNAL_ERROR';
    member.failure = {
      code: code.replaceAll('-', '_').toUpperCase(),
      message: reasonOf(error),
      retryAt: lab.clock.now() + RETRY_MS,
    };
  } finally {
    lab.store.changed();
  }
}

const nothing = async (): Promise<void> => undefined;

const ACTS: Readonly<Record<MemberAction, (job: Job) => Promise<void>>> = {
  NONE: nothing,
  VERIFYING: nothing,
  CREATING: build,
  RECREATING: build,
  DELETING: remove,
  RESTARTING: restart,
  REFRESHING: refresh,
};

/** Ends an action: with a health check the VM has to prove itself first. */
function settle({ lab, group, member }: Job, action: MemberAction): void {
  if (member.action !== action) return; // something else was asked for meanwhile
  delete member.oldId;
  const verified = action === 'REFRESHING' || !group.resource.autoHealingPolicies?.length;
  member.action = verified ? 'NONE' : 'VERIFYING';
  lab.store.changed();
}

/** The VM `oldId` goes, one of the member's version comes, with the same name. */
async function build(job: Job): Promise<void> {
  const { lab, member } = job;
  const { action } = member;
  const link = linkOfMember(job);
  const present = recordOfMember(job);
  const id = String(present?.resource.id);
  if (present && (id === member.oldId || present.resource.status === 'TERMINATED'))
    await deleteInstance(lab, link, id);
  if (member.action !== action) return;
  const record = recordOfMember(job) ?? create(job, link);
  try {
    await startInstance(lab, link, String(record.resource.id));
  } catch (error) {
    await deleteInstance(lab, link, String(record.resource.id)).catch(() => undefined);
    throw error;
  }
  // Yet another VM may have been asked for while this one booted: then it is the old one, and the next round replaces it.
  if (member.oldId !== String(record.resource.id)) settle(job, action);
}

function create(job: Job, link: Link): InstanceRecord {
  const { lab, group, member } = job;
  const zone = zoneOf(link);
  const properties = propertiesFor(job);
  const self = group.resource.selfLink ?? '';
  const address = addressFor(job);
  const record = buildInstance(lab, { name: member.name, zone, properties, address, group: self });
  checkExternal(job, record);
  lab.state.tables.instances[link] = record;
  const given = record.resource.networkInterfaces?.[0]?.networkIP;
  if (keepsAddress(group.resource) && given) member.address = given;
  noteConfig(group, member);
  lab.store.changed();
  lab.wakeMetadata();
  return record;
}

/** GCE keeps no external address of an interface that has none (instance groups, stateful IP addresses). */
function checkExternal({ group }: Job, { resource }: InstanceRecord): void {
  const has = (resource.networkInterfaces?.[0]?.accessConfigs ?? []).length > 0;
  if (addressRule(group.resource, 'externalIPs') === undefined || has) return;
  throw invalid(
    'externalIPs',
    'nic0',
    'The network interface of the instance template has no access config.',
  );
}

/** What the template says, with the metadata of the per-instance config over it. An instance's own labels do not survive. */
function propertiesFor({ lab, group, member }: Job): InstanceProperties {
  const template = entryOf(lab.state.tables.instanceTemplates, member.version.instanceTemplate).resource;
  const properties = template.properties ?? {};
  const config = group.configs[member.name];
  const own = config?.deleted ? {} : (config?.preservedState.metadata ?? {});
  const number = `projects/${projectNumber(lab.project)}`;
  const zone = lastOf(group.resource.zone ?? '');
  const made: Record<string, string> = {
    'instance-template': `${number}/global/instanceTemplates/${lastOf(member.version.instanceTemplate)}`,
    'created-by': `${number}/zones/${zone}/instanceGroupManagers/${group.resource.name}`,
  };
  return { ...properties, metadata: overlay(properties.metadata, { ...made, ...own }) };
}

function overlay(base: Metadata | null | undefined, over: Readonly<Record<string, string>>): Metadata {
  const kept = (base?.items ?? []).filter(({ key }) => over[key ?? ''] === undefined);
  return { items: [...kept, ...Object.entries(over).map(([key, value]) => ({ key, value }))] };
}

/** The stateful address: of the per-instance config, else the one it has had. */
function addressFor({ group, member }: Job): string | undefined {
  const config = group.configs[member.name];
  const asked = config?.deleted ? undefined : config?.preservedState.internalIPs?.nic0?.ipAddress?.literal;
  return asked ?? member.address;
}

async function restart(job: Job): Promise<void> {
  const link = linkOfMember(job);
  const id = String(recordOfMember(job)?.resource.id ?? '');
  await stopInstance(job.lab, link, id);
  await refreshRecord(job);
  await startInstance(job.lab, link, id);
  settle(job, 'RESTARTING');
}

async function refresh(job: Job): Promise<void> {
  await refreshRecord(job);
  settle(job, 'REFRESHING');
}

/** Labels, metadata and what takes effect at the next start become those of the member's version. */
async function refreshRecord(job: Job): Promise<void> {
  const { lab, group, member } = job;
  const record = recordOfMember(job);
  if (record === undefined) return;
  const properties = propertiesFor(job);
  record.resource.labels = properties.labels ?? {};
  record.resource.labelFingerprint = fingerprintOf(record.resource.labels);
  record.resource.metadata = completeMetadata(properties.metadata);
  noteConfig(group, member);
  lab.wakeMetadata();
}

/** The VM has its config now; a deleted one is let go of. */
function noteConfig(group: GroupRecord, member: Member): void {
  const config = group.configs[member.name];
  member.appliedConfig = configText(config);
  if (config?.deleted) delete group.configs[member.name];
}

/** The VM goes for good, with what belonged to it. */
async function remove(job: Job): Promise<void> {
  const { lab, group, member } = job;
  const record = recordOfMember(job);
  if (record !== undefined) await deleteInstance(lab, linkOfMember(job), String(record.resource.id));
  delete group.members[member.name];
  delete group.configs[member.name];
  const outlives = ADDRESS_KINDS.find((kind) => addressRule(group.resource, kind) === 'NEVER');
  if (member.address && outlives !== undefined)
    reserve(job, member.address, outlives === 'internalIPs' ? 'INTERNAL' : 'EXTERNAL');
}

/** Rule NEVER: GCE keeps the address of a deleted VM as a reserved one. */
function reserve({ lab, group }: Job, address: string, addressType: 'INTERNAL' | 'EXTERNAL'): void {
  const region = regionOfZone(lastOf(group.resource.zone ?? ''));
  const name = `ip-${address.replaceAll('.', '-')}`;
  const selfLink = linkTo(lab.project, `regions/${region}/addresses/${name}`);
  lab.state.tables.addresses[selfLink] = {
    resource: {
      kind: 'compute#address',
      id: newId(lab),
      name,
      selfLink,
      creationTimestamp: timestamp(lab),
      region: linkTo(lab.project, `regions/${region}`),
      address,
      addressType,
      ...(addressType === 'INTERNAL' ? { purpose: 'GCE_ENDPOINT' } : { networkTier: 'PREMIUM' }),
      status: 'RESERVED',
    },
  };
}
