/** What a rollout knows of the cloud before it begins: groups with a relay to re-create, and what its VM will be made of. Pure. */
import type { AccountState } from '../../../lib/accounts.ts';
import type { GceAnswer } from '../../../lib/gce.ts';
import { type Group, type Instance, lastSegment, type ManagedInstance, type Template } from '../gce-view.ts';
import type { Asked } from './trouble.ts';

export type Image = GceAnswer<'images', 'get'>;
export type MachineType = GceAnswer<'machineTypes', 'get'>;
export type Subnetwork = GceAnswer<'subnetworks', 'get'>;
export type Region = GceAnswer<'regions', 'get'>;
export type Zone = GceAnswer<'zones', 'get'>;
export type Address = GceAnswer<'addresses', 'list'>[number];

/** A relay that the rollout will re-create. */
export type OldRelay = {
  readonly name: string;
  readonly managed: ManagedInstance;
  /** undefined: it has no VM now. */
  readonly instance: Instance | undefined;
};

export type GroupFacts = {
  readonly zone: string;
  readonly name: string;
  readonly group: Group;
  /** Name of the template that the group wants. */
  readonly template: string;
  /** Never empty. */
  readonly old: readonly OldRelay[];
};

export type Facts = {
  readonly project: string;
  readonly groups: readonly GroupFacts[];
  /** By name: the wanted ones, and those that relays run. */
  readonly templates: ReadonlyMap<string, Asked<Template>>;
  /** By link. Images of other projects, and families, are not asked for. */
  readonly images: ReadonlyMap<string, Asked<Image>>;
  /** By zone and name, `us-central1-a/e2-standard-4`. */
  readonly machines: ReadonlyMap<string, Asked<MachineType>>;
  readonly zones: ReadonlyMap<string, Asked<Zone>>;
  readonly regions: ReadonlyMap<string, Asked<Region>>;
  /** Reserved addresses by region. */
  readonly addresses: ReadonlyMap<string, Asked<readonly Address[]>>;
  /** By `region/name`. */
  readonly subnetworks: ReadonlyMap<string, Asked<Subnetwork>>;
  /** By e-mail. */
  readonly accounts: ReadonlyMap<string, AccountState>;
};

export function known<T>(answer: Asked<T> | undefined): T | undefined {
  return answer?.kind === 'known' ? answer.value : undefined;
}

/** Name of the template that a relay was made from. */
export function templateOf({ managed }: Pick<OldRelay, 'managed'>): string {
  return lastSegment(managed.version?.instanceTemplate);
}

export function machineOf(template: Template | undefined): string {
  return lastSegment(template?.properties?.machineType);
}

export function bootDisk(template: Template | undefined) {
  const disks = template?.properties?.disks ?? [];
  return (disks.find(({ boot }) => boot === true) ?? disks[0])?.initializeParams ?? undefined;
}

/** Link of the image, if it is one of this project; a family is looked up when the VM is made. */
export function ownImage(template: Template | undefined, project: string): string {
  const link = bootDisk(template)?.sourceImage ?? '';
  const [, owner] = /projects\/([^/]+)\/global\/images\/[^/]+$/.exec(link) ?? [];
  return owner === project ? link : '';
}

/** `region/name` of the subnetwork, if it is one of this project. */
export function ownSubnetwork(template: Template | undefined, project: string): string {
  const link = template?.properties?.networkInterfaces?.[0]?.subnetwork ?? '';
  const [, owner, region, name] =
    /projects\/([^/]+)\/regions\/([^/]+)\/subnetworks\/([^/]+)$/.exec(link) ?? [];
  return owner === project ? `${region}/${name}` : '';
}

/** Accounts by e-mail; GCE's own default account goes by the name `default`. */
export function accountsOf(template: Template | undefined): readonly string[] {
  const emails = (template?.properties?.serviceAccounts ?? []).map(({ email }) => email ?? '');
  return emails.filter((email) => email.includes('@'));
}
