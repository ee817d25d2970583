/** What a change of program or fleet file does: two graphs, resource by resource. Pure. */
import type { Json } from '../evaluate/protocol.ts';
import { idOf, kindOf, type Resource } from './resource.ts';

/** One input that is another one now; absent: there was, or is, none. */
export type InputChange = { readonly path: string; readonly from?: unknown; readonly to?: unknown };

export type Change = {
  readonly kind: 'added' | 'removed' | 'changed' | 'replaced';
  readonly resource: Resource;
  /** In order of their path; of a resource that is added or removed none. */
  readonly inputs: readonly InputChange[];
};

/** What a preview keeps of a resource, and so what another preview can be compared with. */
export type Known = Pick<Resource, 'type' | 'name' | 'inputs' | 'protect'>;

/** Of every kind: where it is and what it is called. */
const FIXED = ['project', 'region', 'zone', 'name', 'namePrefix', 'accountId', 'secretId'];

/** Inputs that Google changes by making the thing anew ("Changing this forces a new resource" in @pulumi/gcp). `*`: all of them. */
const FIXED_OF: Readonly<Record<string, readonly string[]>> = {
  'compute/forwardingRule': ['ipAddress', 'ipProtocol', 'loadBalancingScheme', 'subnetwork', 'allPorts'],
  'compute/perInstanceConfig': ['instanceGroupManager'],
  'compute/targetInstance': ['*'],
  'compute/firewall': ['network', 'direction'],
  'compute/instanceGroupManager': ['baseInstanceName'],
  'compute/instanceTemplate': ['*'],
  'compute/network': ['autoCreateSubnetworks'],
  'compute/subnetwork': ['network', 'ipCidrRange'],
  'compute/router': ['network'],
  'compute/routerNat': ['router'],
  'compute/address': ['*'],
  'compute/disk': ['type'],
  'compute/instance': ['bootDisk', 'networkInterfaces', 'shieldedInstanceConfig.enableSecureBoot'],
  'projects/iAMMember': ['*'],
  'redis/instance': ['tier', 'connectMode', 'authorizedNetwork', 'transitEncryptionMode', 'reservedIpRange'],
  'secretmanager/secretIamMember': ['*'],
};

/** In the order of `after`, what is gone at the end; no difference: no change. */
export function compare(before: readonly Resource[], after: readonly Resource[]): readonly Change[] {
  const old = new Map(before.map((resource) => [idOf(resource), resource]));
  const now = new Set(after.map(idOf));
  return [
    ...after.flatMap((resource) => changeOf(old.get(idOf(resource)), resource)),
    ...before
      .filter((resource) => !now.has(idOf(resource)))
      .map((resource): Change => ({ kind: 'removed', resource, inputs: [] })),
  ];
}

function changeOf(before: Resource | undefined, resource: Resource): readonly Change[] {
  if (before === undefined) return [{ kind: 'added', resource, inputs: [] }];
  const inputs = [
    ...differences('', before.inputs, resource.inputs),
    ...(before.protect === resource.protect
      ? []
      : [{ path: 'protect', from: before.protect, to: resource.protect }]),
  ];
  if (inputs.length === 0) return [];
  const replaced = inputs.some(({ path }) => isFixed(resource, path));
  return [{ kind: replaced ? 'replaced' : 'changed', resource, inputs }];
}

function isFixed({ type }: Resource, path: string): boolean {
  const [top = ''] = path.split(/[.[]/);
  const fixed = FIXED_OF[kindOf(type)] ?? [];
  return top !== 'protect' && (FIXED.includes(top) || fixed.includes(top) || fixed.includes('*'));
}

function differences(path: string, from: unknown, to: unknown): readonly InputChange[] {
  if (JSON.stringify(from) === JSON.stringify(to)) return [];
  if (isObject(from) && isObject(to))
    return ofMembers(from, to, (key) => (path === '' ? key : `${path}.${key}`));
  const lists = Array.isArray(from) && Array.isArray(to);
  // Lists of plain values are read as a whole: who may come in is one list.
  if (lists && [...from, ...to].every(isObject))
    return ofMembers({ ...from }, { ...to }, (index) => `${path}[${index}]`);
  return [{ path, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }];
}

function ofMembers(from: Json, to: Json, pathOf: (key: string) => string): readonly InputChange[] {
  const keys = [...new Set([...Object.keys(from), ...Object.keys(to)])].sort();
  return keys.flatMap((key) => differences(pathOf(key), from[key], to[key]));
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
