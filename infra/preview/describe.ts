/** The inputs of a resource that matter to who reviews it, in a few words; one function for each kind that has words of its own. Pure. */
import { METADATA } from '../../configs/naming.ts';
import type { Json } from '../evaluate/protocol.ts';
import { wordTraffic } from '../policies/network.ts';
import { rulesOf } from '../policies/rules.ts';
import { record, records, texts } from '../policies/subject.ts';
import { preservedMetadata } from '../seat-guard.ts';
import { kindOf, type Resource } from './resource.ts';

const WORDS: Readonly<Record<string, (inputs: Json, resource: Resource) => readonly unknown[]>> = {
  'compute/firewall': (_, resource) =>
    rulesOf({ resources: [resource] }).flatMap(({ direction, allows, traffic, ranges, peers }) => [
      `${allows ? 'allow' : 'deny'} ${traffic.map(wordTraffic).join(', ')}`,
      `${direction === 'INGRESS' ? 'from' : 'to'} ${[...ranges, ...peers].join(', ')}`,
    ]),
  'compute/healthCheck': ({ checkIntervalSec, unhealthyThreshold, httpHealthCheck }) => {
    const { port, requestPath } = record(httpHealthCheck);
    return [
      port && `HTTP ${port}${requestPath}`,
      `every ${checkIntervalSec} s, ${unhealthyThreshold} misses`,
    ];
  },
  'compute/disk': ({ size, type, zone }) => [`${size} GB ${type}`, zone],
  'compute/instance': ({ machineType, zone, bootDisk, networkInterfaces }) => {
    const { image, size, type } = record(record(bootDisk).initializeParams);
    const outside = records(networkInterfaces).some(({ accessConfigs }) => records(accessConfigs).length > 0);
    return [
      ...[machineType, String(image).split('/').at(-1), `${size} GB ${type}`, zone],
      outside ? 'external address' : 'no external address',
    ];
  },
  'compute/instanceGroupManager': ({ targetSize, zone, updatePolicy, statefulExternalIps }) => {
    const { type, replacementMethod } = record(updatePolicy);
    const external = records(statefulExternalIps).length > 0;
    const kept = external ? 'addresses inside and outside kept' : 'address inside kept';
    return [
      targetSize === undefined ? `relays by name in ${zone}` : `${targetSize} in ${zone}`,
      `${type} ${replacementMethod}`,
      kept,
    ];
  },
  'compute/instanceTemplate': (inputs) => {
    const [disk = {}] = records(inputs.disks);
    const outside = records(inputs.networkInterfaces).some(
      ({ accessConfigs }) => records(accessConfigs).length > 0,
    );
    const image = String(disk.sourceImage ?? '')
      .split('/')
      .at(-1);
    const [{ subnetwork } = {}] = records(inputs.networkInterfaces);
    return [
      ...[inputs.machineType, image, `${disk.diskSizeGb} GB ${disk.diskType}`],
      outside ? 'external address' : 'no external address',
      /\/regions\/([^/]+)\//.exec(String(subnetwork))?.[1],
    ];
  },
  'compute/forwardingRule': ({ loadBalancingScheme, ipProtocol, ipAddress, target, region }) => [
    ...[loadBalancingScheme, ipProtocol, ipAddress, region],
    `to ${String(target).split('/').at(-1)}`,
  ],
  'compute/perInstanceConfig': ({ zone, preservedState }) => {
    const { [METADATA.database]: database, [METADATA.home]: home } = preservedMetadata(preservedState);
    return [zone, `at ${home}`, `calls in database ${database}`];
  },
  'compute/targetInstance': ({ zone, instance }) => [zone, `machine ${String(instance).split('/').at(-1)}`],
  'compute/subnetwork': ({ ipCidrRange, region }) => [ipCidrRange, region],
  'projects/iAMCustomRole': ({ permissions }) => [`${texts(permissions).length} permissions`],
  'monitoring/alertPolicy': ({ severity, enabled }) => [severity, enabled === false ? 'switched off' : ''],
  'projects/iAMMember': ({ role, member }) => [`${shortRole(role)} to ${shortMember(member)}`],
  'redis/instance': ({ tier, memorySizeGb, redisVersion, authEnabled, transitEncryptionMode, region }) => [
    ...[tier, `${memorySizeGb} GB`, redisVersion, region],
    authEnabled === true ? 'password' : 'no password',
    transitEncryptionMode === 'SERVER_AUTHENTICATION' ? 'TLS' : 'no TLS',
  ],
  'secretmanager/secretIamMember': ({ role, member }) => [`${role} to ${shortMember(member)}`],
  'secretmanager/secretVersion': ({ secret }) => [`of ${shorten(String(secret))}`, 'its value is a secret'],
  'serviceaccount/iAMMember': ({ serviceAccountId, role, member }) => [
    `${role} on ${shortMember(shorten(String(serviceAccountId)))} to ${shortMember(member)}`,
  ],
};

/** A role of the project by its name alone, one of Google's as it is. */
function shortRole(role: unknown): string {
  return String(role).replace(/^projects\/[^/]+\/roles\//, '');
}

function shortMember(member: unknown): string {
  return (
    String(member)
      .replace(/^serviceAccount:/, '')
      .split('@')[0] ?? ''
  );
}

/** e.g. `e2-standard-4, rtpengine-mr12-5-1-31-…, 20 GB pd-balanced, no external address`. */
export function describe(resource: Resource): string {
  const words = WORDS[kindOf(resource.type)] ?? scalars;
  const parts = words(resource.inputs, resource).filter((part) => part !== undefined && part !== '');
  return [...parts, ...(resource.protect ? ['protected'] : [])].join(', ');
}

/** Said elsewhere in the row, or about the row and not about the resource. */
const SAID = [
  'name',
  'project',
  'description',
  'displayName',
  'accountId',
  'secretId',
  'namePrefix',
  'title',
];
const MOST_SCALARS = 4;
const LONGEST = 40;

/** Of a kind without words of its own: its short plain values. */
function scalars(inputs: Json): readonly string[] {
  return Object.entries(inputs)
    .filter(([key, value]) => !SAID.includes(key) && isShort(value))
    .map(([key, value]) => `${key} ${shorten(String(value))}`)
    .slice(0, MOST_SCALARS);
}

function isShort(value: unknown): boolean {
  return ['number', 'boolean'].includes(typeof value) || (typeof value === 'string' && !/[{\n]/.test(value));
}

/** A link by its end, and the beginning of a long text. */
function shorten(text: string): string {
  const end = /^(https:|projects\/)/.test(text) ? (text.split('/').at(-1) ?? '') : text;
  return end.length > LONGEST ? `${end.slice(0, LONGEST - 1)}…` : end;
}
