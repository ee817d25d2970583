/** Ways to break each policy: changes of what the program declares. */
import type { Declared, Json } from '../../infra/evaluate/protocol.ts';
import type { Subject } from '../../infra/policies/subject.ts';

type Change = (resource: Declared) => Declared;

/** The stack with the resources of a kind changed. */
export function changed(subject: Subject, kind: string, change: Change): Subject {
  const resources = subject.resources.map((one) => (one.type.startsWith(`gcp:${kind}:`) ? change(one) : one));
  return { ...subject, resources };
}

const inputs =
  (change: (inputs: Json) => Json): Change =>
  (one) => ({ ...one, inputs: { ...one.inputs, ...change(one.inputs) } });

export function added(subject: Subject, kind: string, more: Json, name = 'new'): Subject {
  const resource = {
    ...{ type: `gcp:${kind}:X`, name, inputs: { project: 'my-project', ...more }, secrets: [], custom: true },
    ...{ protect: true, beforeUpdate: [], ignoreChanges: [], retainOnDelete: false, dependsOn: [] },
  };
  return { ...subject, resources: [...subject.resources, resource] };
}

/** A firewall rule that is in order but for what is given. */
export function rule(more: Json): (subject: Subject) => Subject {
  const usual = {
    ...{ name: 'demo-new', description: 'for a test', direction: 'INGRESS', priority: 1000 },
    targetServiceAccounts: ['demo-relay@my-project.iam.gserviceaccount.com'],
  };
  return (subject) => added(subject, 'compute/firewall', { ...usual, ...more });
}

export const open = (
  protocol: string,
  ports: readonly string[] | undefined,
  sourceRanges: readonly string[],
) => rule({ sourceRanges, allows: [ports === undefined ? { protocol } : { protocol, ports }] });

const template =
  (change: (inputs: Json) => Json) =>
  (subject: Subject): Subject =>
    changed(subject, 'compute/instanceTemplate', inputs(change));
const group =
  (change: (inputs: Json) => Json) =>
  (subject: Subject): Subject =>
    changed(subject, 'compute/instanceGroupManager', inputs(change));
const redis =
  (change: (inputs: Json) => Json) =>
  (subject: Subject): Subject =>
    changed(subject, 'redis/instance', inputs(change));
export const withMetadata = (more: Json) =>
  template(({ metadata }) => ({ metadata: { ...Object(metadata), ...more } }));
export const grant =
  (role: string, more: Json = {}, kind = 'projects/iAMMember') =>
  (subject: Subject): Subject =>
    added(subject, kind, {
      role,
      member: 'serviceAccount:demo-relay@my-project.iam.gserviceaccount.com',
      ...more,
    });

export const account = (email: string | undefined, ...scopes: readonly string[]) =>
  template(() => ({ serviceAccount: { ...(email === undefined ? {} : { email }), scopes } }));
export const RELAY = 'demo-relay@my-project.iam.gserviceaccount.com';
export const CLOUD = 'https://www.googleapis.com/auth/cloud-platform';

/** A relay with a floating address, in order but for what is given. */
const seat =
  (more: Json, options: Partial<Declared> = {}): Breach =>
  (subject) =>
    withOptions(
      added(
        subject,
        'compute/perInstanceConfig',
        {
          ...{ name: 'demo-0', instanceGroupManager: 'other', mostDisruptiveAllowedAction: 'REFRESH' },
          ...kept({}),
          ...more,
        },
        'seat',
      ),
      'seat',
      { beforeUpdate: ['demo-0-keeps-its-calls'], ...options },
    );

/** What is kept for it. */
const kept = (more: Json): Json => ({
  preservedState: {
    metadata: {
      'rtpfleet-home': '10.128.0.9',
      'rtpfleet-database': '8',
      'rtpfleet-redis': '10.9.8.7:6379/8',
      ...more,
    },
  },
});

/** Its forwarding rule, likewise. */
export const forwarding =
  (more: Json, options: Partial<Declared> = {}): Breach =>
  (subject) =>
    withOptions(
      added(
        seat({})(subject),
        'compute/forwardingRule',
        {
          ...{ name: 'demo-0', labels: { rtpfleet: 'demo', 'rtpfleet-home': 'demo-0' }, subnetwork: 'x' },
          ...{ loadBalancingScheme: 'INTERNAL', ipProtocol: 'UDP', allPorts: true, ipAddress: '10.128.0.9' },
          ...more,
        },
        'rule',
      ),
      'rule',
      { ignoreChanges: ['target'], ...options },
    );

function withOptions(subject: Subject, name: string, options: Partial<Declared>): Subject {
  const resources = subject.resources.map((one) => (one.name === name ? { ...one, ...options } : one));
  return { ...subject, resources };
}

type Breach = (subject: Subject) => Subject;

/** Policy → ways to break it. */
export const BREACHES: Readonly<Record<string, Readonly<Record<string, Breach>>>> = {
  'only-rtp-is-public': {
    'another port': open('udp', ['5060'], ['0.0.0.0/0']),
    'one port beside RTP': open('udp', ['30000-40001'], ['0.0.0.0/0']),
    'RTP over TCP': open('tcp', ['30000-40000'], ['0.0.0.0/0']),
    'every port': open('all', undefined, ['0.0.0.0/0']),
    'the world in two halves': open('tcp', ['8080'], ['0.0.0.0/1', '128.0.0.0/1']),
    'the world of IPv6': open('tcp', ['8080'], ['::/0']),
    'nobody named, which is everyone': rule({ allows: [{ protocol: 'tcp', ports: ['8080'] }] }),
    'no direction named, which is inwards': rule({
      ...{ direction: undefined, sourceRanges: ['0.0.0.0/0'] },
      allows: [{ protocol: 'tcp', ports: ['8080'] }],
    }),
  },
  'control-is-private': {
    'ng for a carrier': open('udp', ['22222'], ['198.51.100.0/24']),
    'a range of ports that holds ng': open('udp', ['22000-23000'], ['198.51.100.0/24']),
    'the CLI for the health checks': open('tcp', ['9900'], ['35.191.0.0/16']),
    'HTTP for one address outside': open('tcp', ['9101'], ['203.0.113.7']),
    'SSH past IAP': open('tcp', ['22'], ['10.128.0.0/20']),
    'Redis for a carrier': open('tcp', ['6379'], ['198.51.100.0/24']),
    'every port of TCP, by its number': open('6', undefined, ['198.51.100.0/24']),
    'who is not known yet': open('udp', ['22222'], ['(known once made)']),
  },
  'rules-explain-themselves': {
    'no reason': rule({ description: ' ', sourceRanges: ['10.128.0.0/20'], allows: [{ protocol: 'icmp' }] }),
    'no target': rule({
      ...{ targetServiceAccounts: undefined, sourceRanges: ['10.128.0.0/20'] },
      allows: [{ protocol: 'icmp' }],
    }),
    'no source': rule({ allows: [{ protocol: 'icmp' }] }),
  },
  'redis-is-private': {
    'a machine for Redis with an external address': (subject) =>
      added(subject, 'compute/instance', {
        labels: { rtpfleet: 'demo', 'rtpfleet-role': 'redis' },
        networkInterfaces: [{ subnetwork: 'x', accessConfigs: [{}] }],
        shieldedInstanceConfig: { enableVtpm: true, enableIntegrityMonitoring: true },
        deletionProtection: true,
      }),
    'Memorystore without a network': redis(() => ({ authorizedNetwork: undefined })),
  },
  'redis-is-locked': {
    'no rule that denies': (subject) => ({
      ...subject,
      resources: subject.resources.filter(({ inputs: { denies } }) => denies === undefined),
    }),
    'one that denies too late': (subject) =>
      changed(
        subject,
        'compute/firewall',
        inputs(({ denies }) => (denies === undefined ? {} : { priority: 900 })),
      ),
    'one that leaves the port with TLS open': (subject) =>
      changed(
        subject,
        'compute/firewall',
        inputs(({ denies }) =>
          denies === undefined ? {} : { denies: [{ protocol: 'tcp', ports: ['6379'] }] },
        ),
      ),
    'one that lets everyone to the port with TLS': rule({
      ...{ direction: 'EGRESS', targetServiceAccounts: [], destinationRanges: ['10.9.8.7/32'] },
      allows: [{ protocol: 'tcp', ports: ['6378'] }],
    }),
    'one that lets everyone': rule({
      ...{ direction: 'EGRESS', targetServiceAccounts: [], destinationRanges: ['10.9.8.7/32'] },
      allows: [{ protocol: 'tcp', ports: ['6379'] }],
    }),
  },
  'redis-is-for-its-own': {
    'machines of another tag': rule({
      ...{ targetServiceAccounts: undefined, targetTags: ['demo-redis'], sourceTags: ['web'] },
      allows: [{ protocol: 'tcp', ports: ['6379'] }],
    }),
    'machines of another account': rule({
      sourceServiceAccounts: ['demo-images@my-project.iam.gserviceaccount.com'],
      allows: [{ protocol: 'tcp' }],
    }),
  },
  'network-is-its-own': {
    'subnetworks by themselves': (subject) =>
      changed(
        subject,
        'compute/network',
        inputs(() => ({ autoCreateSubnetworks: true })),
      ),
    'a relay in the default network': template(() => ({
      networkInterfaces: [{ network: 'projects/p/global/networks/default' }],
    })),
  },
  'own-account': {
    'the default account': account('123-compute@developer.gserviceaccount.com'),
    'its short name': account('default'),
    'an account without a name': account(undefined),
  },
  'narrow-scopes': {
    'the whole cloud, without a secret to read': account(RELAY, CLOUD),
    'its short name': account(RELAY, 'cloud-platform'),
    'all of Compute Engine': account(RELAY, 'https://www.googleapis.com/auth/compute'),
    'writing into buckets': account(RELAY, 'https://www.googleapis.com/auth/devstorage.read_write'),
  },
  'narrow-roles': {
    'an editor': grant('roles/editor'),
    'an owner of a bucket': grant('roles/owner', {}, 'storage/bucketIAMMember'),
    'an administrator of machines': grant('roles/compute.admin'),
    'acting as any account': grant('roles/iam.serviceAccountUser'),
    'reading every secret': grant('roles/secretmanager.secretAccessor'),
    'something for everyone': grant(
      'roles/storage.objectViewer',
      { member: 'allUsers' },
      'storage/bucketIAMMember',
    ),
    'something for many, one of them everyone': grant(
      'roles/storage.objectViewer',
      { member: undefined, members: ['user:a@example.com', 'allAuthenticatedUsers'] },
      'storage/bucketIAMBinding',
    ),
  },
  'grants-add-up': {
    'a binding of the project': grant('roles/logging.logWriter', {}, 'projects/iAMBinding'),
    'a policy of the project': grant('', {}, 'projects/iAMPolicy'),
    'a key of an account': (subject) => added(subject, 'serviceaccount/key', {}),
  },
  'no-secret-in-metadata': {
    'a secret value': (subject) =>
      changed(subject, 'compute/instanceTemplate', (one) => ({ ...one, secrets: ['metadata'] })),
    'a password in clear': withMetadata({ 'redis-password': 'hunter2' }),
    'SSH keys': withMetadata({ 'ssh-keys': 'me:ssh-ed25519 AAAA' }),
    'a password in what is kept for one relay': seat(kept({ 'redis-password': 'hunter2' })),
    'a secret value there': seat({}, { secrets: ['preservedState'] }),
  },
  labelled: {
    'no labels': template(() => ({ labels: undefined })),
    'those of another fleet': redis(() => ({ labels: { rtpfleet: 'other' } })),
    'a disk without': template(() => ({ disks: [{ boot: true }] })),
    'the disk of a machine without': (subject) =>
      added(subject, 'compute/instance', {
        labels: { rtpfleet: 'demo' },
        bootDisk: { initializeParams: { image: 'debian-13' } },
        shieldedInstanceConfig: { enableVtpm: true, enableIntegrityMonitoring: true },
        deletionProtection: true,
      }),
    'an alert without': (subject) => added(subject, 'monitoring/alertPolicy', { displayName: 'x' }),
  },
  protected: {
    'a group without': (subject) =>
      changed(subject, 'compute/instanceGroupManager', (one) => ({ ...one, protect: false })),
    'a group that picks relays to delete': (subject) =>
      changed(subject, 'compute/instanceGroupManager', (one) => ({ ...one, beforeUpdate: ['other-hook'] })),
    'Memorystore that Google may delete': redis(() => ({ deletionProtection: false })),
    'a data disk without': (subject) => ({
      ...subject,
      resources: added(subject, 'compute/disk', {
        name: 'demo-redis-data',
        labels: { rtpfleet: 'demo' },
      }).resources.map((one) => (one.inputs.name === 'demo-redis-data' ? { ...one, protect: false } : one)),
    }),
    'a relay’s config without': seat({}, { protect: false }),
    'a relay that may be given another’s database': seat({}, { beforeUpdate: [] }),
    'a forwarding rule without': forwarding({}, { protect: false }),
    'production told that it may': (subject) =>
      changed({ ...subject, protect: false, stack: 'prod-eu' }, 'redis/instance', (one) => ({
        ...one,
        protect: false,
      })),
  },
  encrypted: {
    'no virtual TPM': template(() => ({
      shieldedInstanceConfig: { enableVtpm: false, enableIntegrityMonitoring: true },
    })),
    'nobody watching the boot': template(() => ({ shieldedInstanceConfig: { enableVtpm: true } })),
    'the key of a disk in clear': template(() => ({
      disks: [{ labels: { rtpfleet: 'demo' }, diskEncryptionKey: { rawKey: 'c2VjcmV0' } }],
    })),
    'a bucket that can be opened': (subject) =>
      added(subject, 'storage/bucket', { name: 'b', labels: { rtpfleet: 'demo' } }),
  },
  'only-rollout-replaces': {
    'a group that updates by itself': group(({ updatePolicy }) => ({
      updatePolicy: { ...Object(updatePolicy), type: 'PROACTIVE' },
    })),
    'another name': group(({ updatePolicy }) => ({
      updatePolicy: { ...Object(updatePolicy), replacementMethod: 'SUBSTITUTE' },
    })),
    'a second relay beside': group(({ updatePolicy }) => ({
      updatePolicy: { ...Object(updatePolicy), maxSurgeFixed: 1 },
    })),
    'a key that is changed, by re-creation': seat({ mostDisruptiveAllowedAction: 'REPLACE' }),
    'a key that is changed, as the provider does it by itself': seat({
      mostDisruptiveAllowedAction: undefined,
    }),
    'another address': group(() => ({ statefulInternalIps: [] })),
    'another image after healing': group(() => ({
      instanceLifecyclePolicy: { forceUpdateOnRepair: 'YES' },
    })),
  },
  'call-state-is-not-shared': {
    'a database for two relays': withMetadata({ 'rtpfleet-redis': '10.9.8.7:6379/5' }),
    'two relays by name with one': (subject) => {
      const first = seat({})(subject);
      return added(first, 'compute/perInstanceConfig', { name: 'demo-1', ...kept({}) }, 'second');
    },
    'the lock’s': seat(kept({ 'rtpfleet-database': '6', 'rtpfleet-redis': '10.9.8.7:6379/6' })),
    'that of copies': seat(kept({ 'rtpfleet-database': '6', 'rtpfleet-redis': '(known once made)' })),
    'that which all relays watch': seat(
      kept({ 'rtpfleet-database': '5', 'rtpfleet-redis': '10.9.8.7:6379/5' }),
    ),
    'another than it says': seat(kept({ 'rtpfleet-redis': '10.9.8.7:6379/9' })),
    none: seat(kept({ 'rtpfleet-redis': undefined })),
  },
  'floating-addresses': {
    'open to the world': forwarding({ loadBalancingScheme: 'EXTERNAL' }),
    'open to the world, as the provider makes it by itself': forwarding({ loadBalancingScheme: undefined }),
    'for more than UDP': forwarding({ ipProtocol: 'L3_DEFAULT' }),
    'for some ports': forwarding({ allPorts: undefined, ports: ['22222'] }),
    'in the default network': forwarding({ subnetwork: undefined }),
    'of no relay': forwarding({ labels: { rtpfleet: 'demo', 'rtpfleet-home': 'demo-7' } }),
    'taken back by every update': forwarding({}, { ignoreChanges: [] }),
  },
  names: {
    'too long': group(() => ({ name: `demo-${'x'.repeat(60)}` })),
    'with a capital': redis(() => ({ name: 'Demo-redis' })),
    'longer than Memorystore takes': redis(() => ({ name: `demo-${'x'.repeat(40)}` })),
    'a base too long for what the group adds': group(() => ({ baseInstanceName: 'x'.repeat(59) })),
    'a prefix too long for what the provider adds': template(() => ({ namePrefix: `${'x'.repeat(54)}-` })),
    'an account too long': (subject) =>
      added(subject, 'serviceaccount/account', { accountId: `demo-${'x'.repeat(26)}` }),
    'twice in one place': (subject) =>
      added(added(subject, 'redis/instance', { name: 'twin' }, 'a'), 'redis/instance', { name: 'twin' }, 'b'),
  },
  labels: {
    'a value with a capital': template(() => ({ labels: { rtpfleet: 'demo', owner: 'Me' } })),
    'a key of a disk with a dot': template(() => ({ disks: [{ labels: { rtpfleet: 'demo', 'a.b': 'c' } }] })),
    'too many': template(() => ({
      labels: Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`l${index}`, ''])),
    })),
  },
  metadata: {
    'a key with a dot': withMetadata({ 'a.b': '' }),
    'a value too long': withMetadata({ 'startup-script': 'x'.repeat(256 * 1024 + 1) }),
    'a key with a dot, kept for one relay': seat(kept({ 'a.b': '' })),
    'too much in all': withMetadata({
      a: 'x'.repeat(200_000),
      b: 'x'.repeat(200_000),
      c: 'x'.repeat(200_000),
    }),
  },
  'firewall-limits': {
    'too many sources': open(
      'udp',
      ['30000'],
      Array.from({ length: 5001 }, (_, index) => `10.0.${index >> 8}.${index & 255}/32`),
    ),
    'tags and accounts': rule({ sourceTags: ['a'], allows: [{ protocol: 'icmp' }] }),
    'a priority beyond the last': rule({
      ...{ priority: 65_536, sourceRanges: ['10.0.0.0/8'] },
      allows: [{ protocol: 'icmp' }],
    }),
    'no port': open('udp', ['40000-30000'], ['10.128.0.0/20']),
  },
  'group-limits': {
    'more machines than a group has': group(() => ({ targetSize: 1001 })),
    'more relays by name than a group has': (subject) => {
      const name = (index: number) => ({ name: `n${index}`, instanceGroupManager: 'demo-us-central1-a' });
      const [one] = seat({})({ ...subject, resources: [] }).resources;
      const many = Array.from({ length: 1001 }, (_, index) => ({
        ...(one as Declared),
        inputs: name(index),
      }));
      const unsized = group(() => ({ targetSize: undefined }))(subject);
      return { ...unsized, resources: [...unsized.resources, ...many] };
    },
    'healing too late': group(() => ({ autoHealingPolicies: { initialDelaySec: 3601 } })),
  },
};
