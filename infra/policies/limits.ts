/**
 * What Google refuses by form: names, labels, metadata, sizes. Found here, it is found before anything is made. Pure.
 * Sources: GCE's REST reference (patterns of names, labels, metadata), "Quotas and limits" of VPC, "Managed instance groups", IAM's
 * reference for service accounts.
 */
import type { Declared, Json } from '../evaluate/protocol.ts';
import { UNKNOWN } from '../evaluate/protocol.ts';
import { preservedMetadata } from '../seat-guard.ts';
import { findings, ofKind, type Policy, record, records, texts } from './subject.ts';

/** RFC 1035, as GCE has it for nearly everything. */
const NAME = /^[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
/** A group ends the names of its machines in a dash and four characters. */
const BASE_NAME = /^[a-z](?:[-a-z0-9]{0,56}[a-z0-9])?$/;
/** The provider ends a template's name in up to 26 characters, from a prefix of 54 on in nine. */
const NAME_PREFIX = /^[a-z][-a-z0-9]{0,53}$/;
const ACCOUNT_ID = /^[a-z](?:[-a-z0-9]{4,28}[a-z0-9])$/;
const REDIS_ID = /^[a-z](?:[-a-z0-9]{0,38}[a-z0-9])?$/;

/** How each kind wants its name; every other kind of Compute Engine takes NAME. */
const NAME_OF: Readonly<Record<string, { readonly key: string; readonly pattern: RegExp }>> = {
  'compute/instanceTemplate': { key: 'namePrefix', pattern: NAME_PREFIX },
  'redis/instance': { key: 'name', pattern: REDIS_ID },
  'serviceaccount/account': { key: 'accountId', pattern: ACCOUNT_ID },
  'secretmanager/secret': { key: 'secretId', pattern: /^[a-zA-Z0-9_-]{1,255}$/ },
};

function wrongNames({ type, inputs }: Declared): readonly string[] {
  const kind = type.replace(/^gcp:/, '').replace(/:.*$/, '');
  const usual = kind.startsWith('compute/') ? { key: 'name', pattern: NAME } : undefined;
  const own = NAME_OF[kind];
  const checks = [own ?? usual, usual && own ? usual : undefined].filter((check) => check !== undefined);
  const base = { key: 'baseInstanceName', pattern: BASE_NAME };
  return [...checks, base].flatMap(({ key, pattern }) => {
    const value = inputs[key];
    const fits = typeof value !== 'string' || value === UNKNOWN || pattern.test(value);
    return fits ? [] : [`${key} ${value} is not one that Google takes`];
  });
}

const names: Policy = {
  name: 'names',
  rule: 'Every name is one that Google takes, and no two resources share one.',
  broken: ({ resources }) => {
    const seen = new Map<string, Declared>();
    return resources.flatMap((resource) => {
      const place = placeOf(resource);
      const twin = place === undefined ? undefined : seen.get(place);
      if (place !== undefined) seen.set(place, resource);
      return findings(resource, [
        ...wrongNames(resource),
        ...(twin === undefined ? [] : [`${twin.name} has the same name in the same place`]),
      ]);
    });
  },
};

/** Where a name has to be unique; undefined: it has none, as a grant, which names what it is for. */
function placeOf({ type, inputs }: Declared): string | undefined {
  if (/iam(member|binding|policy)/i.test(type)) return undefined;
  const { project, region = '', zone = '', name, accountId, secretId } = inputs;
  const own = name ?? accountId ?? secretId;
  return typeof own === 'string' && type.startsWith('gcp:')
    ? [type, project, region, zone, inputs.router ?? '', own].join(' ')
    : undefined;
}

const LABEL_KEY = /^[a-z][a-z0-9_-]{0,62}$/;
const LABEL_VALUE = /^[a-z0-9_-]{0,63}$/;
const MOST_LABELS = 64;

const labels: Policy = {
  name: 'labels',
  rule: 'Labels are ones that Google takes: at most 64, keys and values of at most 63 characters.',
  broken: ({ resources }) =>
    resources.flatMap((resource) => findings(resource, [...labelMapsOf(resource)].flatMap(wrongLabels))),
};

/** The `labels` of a notification channel are its settings, an e-mail address for example. */
function labelMapsOf({ type, inputs }: Declared): readonly Json[] {
  const disks = records(inputs.disks).map((disk) => record(disk.labels));
  const labels = type.startsWith('gcp:monitoring/notificationChannel:') ? {} : record(inputs.labels);
  return [labels, record(inputs.userLabels), ...disks];
}

function wrongLabels(map: Json): readonly string[] {
  const pairs = Object.entries(map);
  return [
    ...(pairs.length > MOST_LABELS ? [`it has ${pairs.length} labels`] : []),
    ...pairs.filter(([key]) => !LABEL_KEY.test(key)).map(([key]) => `label ${key} is not one`),
    ...pairs
      .filter(([, value]) => value !== UNKNOWN && !LABEL_VALUE.test(String(value)))
      .map(([key, value]) => `${value} is no value of a label (${key})`),
  ];
}

const METADATA_KEY = /^[a-zA-Z0-9_-]{1,127}$/;
const MOST_METADATA_BYTES = 256 * 1024;
const MOST_METADATA_TOTAL = 512 * 1024;

const metadata: Policy = {
  name: 'metadata',
  rule: 'Metadata fits: 256 KiB a value, 512 KiB in all.',
  broken: (subject) =>
    ofKind(subject, 'compute/instanceTemplate', 'compute/instance', 'compute/perInstanceConfig').flatMap(
      (resource) => {
        const pairs = Object.entries(metadataOf(resource));
        const sizes = pairs.map(([key, value]) => ({ key, bytes: Buffer.byteLength(String(value)) }));
        const total = sizes.reduce((sum, { key, bytes }) => sum + key.length + bytes, 0);
        return findings(resource, [
          ...pairs.filter(([key]) => !METADATA_KEY.test(key)).map(([key]) => `${key} is no key of metadata`),
          ...sizes.filter(({ bytes }) => bytes > MOST_METADATA_BYTES).map(({ key }) => `${key} is too long`),
          ...(total > MOST_METADATA_TOTAL ? [`its metadata has ${total} bytes`] : []),
        ]);
      },
    ),
};

/** Of a machine, of a template, or what is kept for one machine of a group. */
function metadataOf({ inputs }: Declared): Json {
  return { ...record(inputs.metadata), ...preservedMetadata(inputs.preservedState) };
}

/** Of one firewall rule. */
const MOST_OF_RULE: Readonly<Record<string, number>> = {
  sourceRanges: 5000,
  destinationRanges: 5000,
  sourceTags: 30,
  targetTags: 70,
  sourceServiceAccounts: 10,
  targetServiceAccounts: 10,
};
const HIGHEST_PRIORITY = 65_535;

const firewallLimits: Policy = {
  name: 'firewall-limits',
  rule: 'Firewall rules are ones that Google takes: sources and targets not too many and not of two kinds.',
  broken: (subject) =>
    ofKind(subject, 'compute/firewall').flatMap((resource) => {
      const { inputs } = resource;
      const many = Object.entries(MOST_OF_RULE).filter(([key, most]) => texts(inputs[key]).length > most);
      const has = (key: string) => texts(inputs[key]).length > 0;
      const mixed =
        (has('sourceTags') || has('targetTags')) &&
        (has('sourceServiceAccounts') || has('targetServiceAccounts'));
      const { priority = 0 } = inputs;
      const fits = Number(priority) >= 0 && Number(priority) <= HIGHEST_PRIORITY;
      return findings(resource, [
        ...many.map(([key, most]) => `it has more than ${most} ${key}`),
        ...(mixed ? ['it mixes tags and service accounts'] : []),
        ...(fits ? [] : [`priority ${priority} is above ${HIGHEST_PRIORITY}`]),
        ...wrongPorts(inputs).map((ports) => `${ports} is no port or range of ports`),
      ]);
    }),
};

function wrongPorts(inputs: Json): readonly string[] {
  const rules = [...records(inputs.allows), ...records(inputs.denies)];
  return rules
    .flatMap(({ ports }) => texts(ports))
    .filter((ports) => {
      const [low = -1, high = low, rest] = ports.split('-').map(Number);
      return rest !== undefined || !(low >= 0 && low <= high && high <= 65_535);
    });
}

const MOST_MACHINES = 1000;
const MOST_HEAL_SECONDS = 3600;

const groupLimits: Policy = {
  name: 'group-limits',
  rule: 'Groups are of a size and a patience that Google takes: 1,000 machines, 3,600 s.',
  broken: (subject) =>
    ofKind(subject, 'compute/instanceGroupManager').flatMap((resource) => {
      const { name, targetSize, autoHealingPolicies } = resource.inputs;
      const named = ofKind(subject, 'compute/perInstanceConfig').filter(
        ({ inputs }) => inputs.instanceGroupManager === name,
      );
      const size = Number(targetSize ?? named.length);
      const [{ initialDelaySec = 0 } = {}] = records(autoHealingPolicies);
      return findings(resource, [
        ...(size > MOST_MACHINES ? [`it has ${size} machines`] : []),
        ...(Number(initialDelaySec) > MOST_HEAL_SECONDS ? [`it heals after ${initialDelaySec} s`] : []),
      ]);
    }),
};

export const LIMIT_POLICIES: readonly Policy[] = [names, labels, metadata, firewallLimits, groupLimits];
