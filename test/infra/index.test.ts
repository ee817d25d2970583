import { RunError } from '@pulumi/pulumi';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Evaluated, evaluate, IMAGE, PASSWORD } from './program.ts';

/** A fleet in two regions. */
const TWO = {
  cloud: {
    project: 'my-project',
    region: 'us-central1',
    zones: ['us-central1-a', 'europe-west1-b', 'us-central1-b'],
  },
  network: { ranges: { 'europe-west1': '10.132.0.0/20' } },
};

const NETWORK = 'https://www.googleapis.com/compute/v1/projects/my-project/gcp:compute/network:Network/demo';
let fleet: Evaluated;
beforeAll(async () => {
  fleet = await evaluate();
}, 60_000);

describe('the groups', () => {
  test('one in each zone of the fleet file, of the size it says', async () => {
    const zones = ['us-central1-a', 'us-central1-b', 'us-central1-f'];
    const big = await evaluate({
      cloud: { project: 'my-project', region: 'us-central1', zones },
      relays: { perZone: 7 },
    });
    const groups = big.of('compute/instanceGroupManager:InstanceGroupManager');
    expect(groups.map(({ inputs }) => inputs.zone)).toEqual(zones);
    expect(groups.map(({ inputs }) => inputs.name)).toEqual(zones.map((zone) => `demo-${zone}`));
    expect(groups.map(({ inputs }) => inputs.targetSize)).toEqual([7, 7, 7]);
  });

  test('replace no relay by themselves, and keep its name and address when a rollout does', () => {
    for (const { inputs } of fleet.of('compute/instanceGroupManager:InstanceGroupManager')) {
      expect(inputs.updatePolicy).toEqual({
        type: 'OPPORTUNISTIC',
        replacementMethod: 'RECREATE',
        minimalAction: 'REPLACE',
        mostDisruptiveAllowedAction: 'REPLACE',
        maxSurgeFixed: 0,
        maxUnavailableFixed: 1,
      });
      expect(inputs.statefulInternalIps).toEqual([
        { interfaceName: 'nic0', deleteRule: 'ON_PERMANENT_INSTANCE_DELETION' },
      ]);
      expect(inputs.waitForInstances).toBe(true);
    }
  });

  test('allow as many relays away as the rollout may take, never more than they have', async () => {
    const wide = await evaluate({ relays: { perZone: 3 }, rollout: { maxUnavailable: 5 } });
    const [group] = wide.of('compute/instanceGroupManager:InstanceGroupManager');
    expect(group?.inputs.updatePolicy.maxUnavailableFixed).toBe(3);
  });

  test('want the template, by its link', () => {
    const [template] = fleet.of('compute/instanceTemplate:InstanceTemplate');
    for (const { inputs } of fleet.of('compute/instanceGroupManager:InstanceGroupManager'))
      expect(inputs.versions).toEqual([{ instanceTemplate: expect.stringMatching(`/${template?.name}$`) }]);
  });

  test('heal a relay that answers no /ping, once it has had its time to boot, with the image it had', async () => {
    const slow = await evaluate({ relays: { healSeconds: 333 }, rtpengine: { httpPort: 9555 } });
    const [check] = slow.of('compute/healthCheck:HealthCheck');
    expect(check?.inputs.httpHealthCheck).toEqual({ port: 9555, requestPath: '/ping' });
    const [group] = slow.of('compute/instanceGroupManager:InstanceGroupManager');
    expect(group?.inputs.autoHealingPolicies).toEqual({
      healthCheck: expect.stringContaining('healthCheck'),
      initialDelaySec: 333,
    });
    expect(group?.inputs.instanceLifecyclePolicy.forceUpdateOnRepair).toBe('NO');
  });

  test('leave an ill relay to people where the fleet file says so', async () => {
    const lifecycle = (evaluated: Evaluated) =>
      evaluated.of('compute/instanceGroupManager:InstanceGroupManager')[0]?.inputs.instanceLifecyclePolicy;
    expect(lifecycle(fleet).onFailedHealthCheck).toBe('DEFAULT_ACTION');
    const report = await evaluate({ relays: { onUnhealthy: 'report' } });
    expect(lifecycle(report)).toEqual({
      defaultActionOnFailure: 'REPAIR',
      onFailedHealthCheck: 'DO_NOTHING',
      forceUpdateOnRepair: 'NO',
    });
  });

  test('are protected unless the stack says that it may lose them', async () => {
    const groups = fleet.of('compute/instanceGroupManager:InstanceGroupManager');
    expect(groups.map(({ protect }) => protect)).toEqual([true, true]);
    const lab = await evaluate({}, { protect: 'false' });
    expect(lab.of('compute/instanceGroupManager:InstanceGroupManager').some(({ protect }) => protect)).toBe(
      false,
    );
  });
});

describe('the template', () => {
  const template = (evaluated: Evaluated) => evaluated.of('compute/instanceTemplate:InstanceTemplate')[0];

  test('boots the pinned image on the machine of the fleet file', async () => {
    const big = await evaluate({ relays: { machineType: 'c3-highcpu-8', diskGb: 33, diskType: 'pd-ssd' } });
    const inputs = template(big)?.inputs;
    expect(inputs.machineType).toBe('c3-highcpu-8');
    expect(inputs.disks).toMatchObject([
      {
        boot: true,
        autoDelete: true,
        sourceImage: `projects/my-project/global/images/${IMAGE}`,
        diskSizeGb: 33,
        diskType: 'pd-ssd',
      },
    ]);
  });

  test('carries the image in its name, and outlives its replacement', async () => {
    expect(template(fleet)?.inputs.namePrefix).toBe(`demo-${IMAGE}-`);
    expect(template(fleet)?.retainOnDelete).toBe(true);
    const long = await evaluate({ name: 'a-very-long-fleetnam' }, { image: `${'i'.repeat(62)}x` });
    expect(template(long)?.inputs.namePrefix).toMatch(/^a-very-long-fleetnam-i+x-$/);
    expect(template(long)?.inputs.namePrefix.length).toBeLessThanOrEqual(54);
    const real = await evaluate({ name: 'a-very-long-fleetnam' });
    expect(template(real)?.inputs.namePrefix).toBe('a-very-long-fleetnam-mr12-5-1-31-debian-13-3fa9c1d2-');
  });

  test('tells the image what it reads at boot', () => {
    expect(template(fleet)?.inputs.metadata).toEqual({
      'enable-guest-attributes': 'TRUE',
      'rtpfleet-admission': 'self',
      'rtpfleet-control': '10.9.8.7:6379/6',
    });
    expect(template(fleet)?.inputs.labels).toEqual({ rtpfleet: 'demo', 'rtpfleet-role': 'relay' });
  });

  test('asks for Secure Boot where the image is signed', async () => {
    const signed = { version: 'mr12.5.1.31', secureBoot: { key: 'db.key', certificate: 'db.pem' } };
    const secure = async (image: object) =>
      template(await evaluate({ image }))?.inputs.shieldedInstanceConfig.enableSecureBoot;
    expect(await secure(signed)).toBe(true);
    expect(await secure({ version: 'mr12.5.1.31' })).toBe(false);
  });

  test('gives call state a place in Redis only when no other relay can be there', async () => {
    const zones = ['europe-west3-a'];
    const cloud = { project: 'my-project', region: 'europe-west3', zones };
    const one = await evaluate({ cloud, relays: { perZone: 1 } });
    expect(template(one)?.inputs.metadata['rtpfleet-redis']).toBe('10.9.8.7:6379/5');
    const two = await evaluate({ cloud, relays: { perZone: 2 } });
    expect(template(two)?.inputs.metadata).not.toHaveProperty('rtpfleet-redis');
  });

  test('is a shielded VM with gVNIC that moves with its host', () => {
    const inputs = template(fleet)?.inputs;
    expect(inputs.shieldedInstanceConfig).toMatchObject({
      enableVtpm: true,
      enableIntegrityMonitoring: true,
    });
    expect(inputs.networkInterfaces).toMatchObject([{ nicType: 'GVNIC' }]);
    expect(inputs.scheduling).toEqual({ onHostMaintenance: 'MIGRATE', automaticRestart: true });
  });
});

describe('several regions', () => {
  let two: Evaluated;
  beforeAll(async () => {
    two = await evaluate(TWO);
  });

  test('have a subnetwork each, in one network, with the range of the fleet file', () => {
    const subnetworks = two.of('compute/subnetwork:Subnetwork').map(({ inputs }) => inputs);
    expect(subnetworks.map(({ region, ipCidrRange }) => [region, ipCidrRange])).toEqual([
      ['us-central1', '10.128.0.0/20'],
      ['europe-west1', '10.132.0.0/20'],
    ]);
    expect(new Set(subnetworks.map(({ network }) => network))).toEqual(new Set([NETWORK]));
    expect(two.of('compute/network:Network')[0]?.inputs.routingMode).toBe('GLOBAL');
  });

  test('have a template each, which the groups of their zones want', () => {
    const links = two
      .of('compute/instanceGroupManager:InstanceGroupManager')
      .map(({ inputs }) => [inputs.zone, inputs.versions[0].instanceTemplate.split('/').at(-1)]);
    expect(Object.fromEntries(links)).toEqual({
      'us-central1-a': 'demo-us-central1',
      'us-central1-b': 'demo-us-central1',
      'europe-west1-b': 'demo-europe-west1',
    });
    const nics = two
      .of('compute/instanceTemplate:InstanceTemplate')
      .map(({ name, inputs }) => [name, inputs.networkInterfaces[0].subnetwork.split('/').at(-1)]);
    expect(nics.map(([name]) => name)).toEqual(['demo-us-central1', 'demo-europe-west1']);
  });

  test('let each other in where the fleet file names nobody', () => {
    const ng = two.of('compute/firewall:Firewall').find(({ inputs }) => inputs.name === 'demo-ng');
    expect(ng?.inputs.sourceRanges).toEqual(['10.128.0.0/20', '10.132.0.0/20']);
  });

  test('have one Redis, at home, and the groups stand in the order of the fleet file', () => {
    expect(two.of('redis/instance:Instance').map(({ inputs }) => inputs.region)).toEqual(['us-central1']);
    expect(two.outputs.groups.map(({ zone }: { zone: string }) => zone)).toEqual(TWO.cloud.zones);
    expect(Object.keys(two.outputs.templates)).toEqual(['us-central1', 'europe-west1']);
    expect(two.outputs.sockets['us-central1']).toBe(
      'udp:10.0.1.1:22222 udp:10.0.1.2:22222 udp:10.0.2.1:22222 udp:10.0.2.2:22222',
    );
    expect(two.outputs.sockets['europe-west1']).toBe('udp:10.0.2.1:22222 udp:10.0.2.2:22222');
  });

  test('without external addresses: each has its own way out', async () => {
    const inside = await evaluate({
      ...TWO,
      network: { ...TWO.network, externalAddresses: 'none' },
    });
    expect(inside.of('compute/routerNat:RouterNat').map(({ inputs }) => inputs.region)).toEqual([
      'us-central1',
      'europe-west1',
    ]);
  });
});

describe('external addresses', () => {
  const nic = (evaluated: Evaluated) =>
    evaluated.of('compute/instanceTemplate:InstanceTemplate')[0]?.inputs.networkInterfaces[0];
  const kept = (evaluated: Evaluated) =>
    evaluated.of('compute/instanceGroupManager:InstanceGroupManager')[0]?.inputs.statefulExternalIps;

  test('static: each relay has one and keeps it', () => {
    expect(nic(fleet).accessConfigs).toEqual([{ networkTier: 'PREMIUM' }]);
    expect(kept(fleet)).toEqual([{ interfaceName: 'nic0', deleteRule: 'ON_PERMANENT_INSTANCE_DELETION' }]);
    expect(fleet.of('compute/routerNat:RouterNat')).toEqual([]);
  });

  test('of the tier that the fleet file names', async () => {
    const standard = await evaluate({ network: { tier: 'STANDARD' } });
    expect(nic(standard).accessConfigs).toEqual([{ networkTier: 'STANDARD' }]);
  });

  test('ephemeral: each relay has one, which changes', async () => {
    const ephemeral = await evaluate({ network: { externalAddresses: 'ephemeral' } });
    expect(nic(ephemeral).accessConfigs).toHaveLength(1);
    expect(kept(ephemeral)).toEqual([]);
  });

  test('none: there is none, and the way out is Cloud NAT', async () => {
    const none = await evaluate({ network: { externalAddresses: 'none' } });
    expect(nic(none)).not.toHaveProperty('accessConfigs');
    expect(kept(none)).toEqual([]);
    expect(none.of('compute/routerNat:RouterNat')).toHaveLength(1);
  });
});

describe('Redis', () => {
  test('is Memorystore in the network, with the events that RTPEngine listens to, and forgets no call', async () => {
    const big = await evaluate({ redis: { tier: 'BASIC', memoryGb: 4 } });
    const [redis] = big.of('redis/instance:Instance');
    expect(redis?.inputs).toMatchObject({ tier: 'BASIC', memorySizeGb: 4, authorizedNetwork: NETWORK });
    expect(redis?.inputs.redisConfigs).toEqual({
      'notify-keyspace-events': 'KEA',
      'maxmemory-policy': 'noeviction',
    });
    expect(redis?.protect).toBe(true);
  });

  const ONE = { cloud: { project: 'my-project', region: 'us-central1', zones: ['us-central1-a'] } };
  const auth = { redis: { auth: true } };
  const URL_OF_IT =
    'https://secretmanager.googleapis.com/v1/projects/my-project/secrets/demo-redis/versions/latest:access';

  test('with a password: it goes from Memorystore to Secret Manager as a secret, and elsewhere only its place is named', async () => {
    const guarded = await evaluate({ ...ONE, ...auth });
    expect(guarded.of('redis/instance:Instance')[0]?.inputs.authEnabled).toBe(true);
    const [version] = guarded.of('secretmanager/secretVersion:SecretVersion');
    expect(version?.inputs.secretData).toBe(PASSWORD);
    expect(version?.secrets).toContain('secretData');
    const [template] = guarded.of('compute/instanceTemplate:InstanceTemplate');
    expect(template?.inputs.metadata['rtpfleet-redis-secret']).toBe(URL_OF_IT);
    const others = guarded.resources.filter((one) => one !== version);
    expect(JSON.stringify([others, guarded.outputs])).not.toContain(PASSWORD);
    expect(guarded.outputs.redis.secret).toBe('projects/my-project/secrets/demo-redis/versions/latest');
  });

  test.each([
    ['one relay: it and the controller', ONE, ['demo-relay', 'demo-rollout']],
    ['more relays, which keep nothing in Redis: the controller alone', {}, ['demo-rollout']],
  ])('its password may be read by, with %s', async (_, cloud, accounts) => {
    const guarded = await evaluate({ ...cloud, ...auth });
    const readers = guarded.of('secretmanager/secretIamMember:SecretIamMember').map(({ inputs }) => inputs);
    expect(readers.map(({ member }) => member).sort()).toEqual(
      accounts.map((account) => `serviceAccount:${account}@my-project.iam.gserviceaccount.com`),
    );
    for (const { role, secretId, project } of readers)
      expect([role, secretId, project]).toEqual([
        'roles/secretmanager.secretAccessor',
        'demo-redis',
        'my-project',
      ]);
    const wide = guarded.of('compute/instanceTemplate:InstanceTemplate')[0]?.inputs.serviceAccount.scopes;
    expect(wide.some((scope: string) => scope.endsWith('/cloud-platform'))).toBe(accounts.length === 2);
  });

  test('with TLS: its authorities lie in Secret Manager for the controller, and the way there is open on its other port', async () => {
    const fleet = await evaluate({ redis: { tls: true } });
    const [redis] = fleet.of('redis/instance:Instance');
    expect(redis?.inputs.transitEncryptionMode).toBe('SERVER_AUTHENTICATION');
    const [template] = fleet.of('compute/instanceTemplate:InstanceTemplate');
    expect(template?.inputs.metadata).toMatchObject({
      'rtpfleet-control': '10.9.8.7:6378/6',
      'rtpfleet-redis-ca': URL_OF_IT.replace('demo-redis', 'demo-redis-ca'),
    });
    const [version] = fleet.of('secretmanager/secretVersion:SecretVersion');
    expect(version?.inputs.secretData).toBe('PEM-1\nPEM-2');
    const readers = fleet.of('secretmanager/secretIamMember:SecretIamMember').map(({ inputs }) => inputs);
    expect(readers.map(({ member, secretId }) => `${member} ${secretId}`)).toEqual([
      'serviceAccount:demo-rollout@my-project.iam.gserviceaccount.com demo-redis-ca',
    ]);
    const ways = fleet.of('compute/firewall:Firewall').filter(({ inputs }) => inputs.direction === 'EGRESS');
    expect(ways.flatMap(({ inputs }) => inputs.allows ?? [])).toEqual([
      { protocol: 'tcp', ports: ['6378'] },
      { protocol: 'tcp', ports: ['6378'] },
    ]);
    expect(fleet.outputs.redis).toMatchObject({ port: 6378, ca: 'PEM-1\nPEM-2', secret: null });
  });

  describe('on a machine of its own', () => {
    const secret = 'projects/shared/secrets/redis/versions/latest';
    const vm = { redis: { kind: 'vm', secret, zone: 'us-central1-b', machineType: 'e2-medium', diskGb: 40 } };

    test('stands without an external address, shielded and protected, on a disk and an address that outlive it', async () => {
      const fleet = await evaluate(vm);
      expect(fleet.of('redis/instance:Instance')).toEqual([]);
      const [machine] = fleet.of('compute/instance:Instance');
      expect(machine?.inputs).toMatchObject({
        name: 'demo-redis',
        zone: 'us-central1-b',
        machineType: 'e2-medium',
        deletionProtection: true,
        serviceAccount: { email: 'demo-redis@my-project.iam.gserviceaccount.com' },
        networkInterfaces: [{ networkIp: '10.0.0.99' }],
        attachedDisks: [{ source: expect.stringContaining('demo-redis-data'), deviceName: 'redis-data' }],
      });
      expect(machine?.inputs.networkInterfaces[0]).not.toHaveProperty('accessConfigs');
      expect(machine?.inputs.metadata['startup-script']).toMatch(/^#!\/bin\/bash\n/);
      const [disk] = fleet.of('compute/disk:Disk');
      expect(disk?.inputs).toMatchObject({ size: 40, zone: 'us-central1-b' });
      expect([machine?.protect, disk?.protect]).toEqual([true, true]);
      // Its way to Debian's archive, even where relays have addresses of their own.
      expect(fleet.of('compute/routerNat:RouterNat')).toHaveLength(1);
    });

    test('is where relays and rollouts look, with the password that the fleet file names and nobody else has seen', async () => {
      const fleet = await evaluate({ ...ONE, redis: { kind: 'vm', secret } });
      const [template] = fleet.of('compute/instanceTemplate:InstanceTemplate');
      expect(template?.inputs.metadata).toMatchObject({
        'rtpfleet-redis': '10.0.0.99:6379/5',
        'rtpfleet-control': '10.0.0.99:6379/6',
        'rtpfleet-redis-secret': `https://secretmanager.googleapis.com/v1/${secret}:access`,
      });
      expect(fleet.of('secretmanager/secretVersion:SecretVersion')).toEqual([]);
      const readers = fleet.of('secretmanager/secretIamMember:SecretIamMember').map(({ inputs }) => inputs);
      expect(readers.map(({ member }) => member.split('@')[0]).sort()).toEqual(
        ['demo-redis', 'demo-relay', 'demo-rollout'].map((name) => `serviceAccount:${name}`),
      );
      expect(fleet.outputs.redis).toMatchObject({ host: '10.0.0.99', secret, ca: null });
    });

    test('lets in relays and the controller, and SSH from IAP', async () => {
      const fleet = await evaluate({ ...vm, network: { controllerSources: ['10.9.0.0/28'] } });
      const ways = fleet.of('compute/firewall:Firewall').filter(({ inputs }) => /-redis-/.test(inputs.name));
      expect(
        ways.map(({ inputs }) => [
          ...[inputs.name, inputs.direction, inputs.allows[0].ports.join()],
          [
            ...(inputs.sourceServiceAccounts ?? []),
            ...(inputs.sourceTags ?? []),
            ...(inputs.sourceRanges ?? []),
          ].join(),
          [...(inputs.targetServiceAccounts ?? []), ...(inputs.targetTags ?? [])].join(),
        ]),
      ).toEqual([
        ['demo-redis-controller', 'INGRESS', '6379', 'demo-controller,10.9.0.0/28', 'demo-redis'],
        [
          'demo-redis-ssh',
          'INGRESS',
          '22',
          '35.235.240.0/20',
          'demo-redis@my-project.iam.gserviceaccount.com',
        ],
        [
          ...['demo-redis-relays', 'INGRESS', '6379', 'demo-relay@my-project.iam.gserviceaccount.com'],
          'demo-redis@my-project.iam.gserviceaccount.com',
        ],
      ]);
    });
  });

  test('that is there already: nothing is made, and it is where the fleet file says', async () => {
    const secret = 'projects/shared/secrets/redis/versions/7';
    const external = await evaluate({
      ...ONE,
      redis: { kind: 'external', host: 'redis.internal', port: 6380, secret },
    });
    expect(external.of('redis/instance:Instance')).toEqual([]);
    expect(external.of('secretmanager/secret:Secret')).toEqual([]);
    const [template] = external.of('compute/instanceTemplate:InstanceTemplate');
    expect(template?.inputs.metadata).toMatchObject({
      'rtpfleet-redis': 'redis.internal:6380/5',
      'rtpfleet-control': 'redis.internal:6380/6',
      'rtpfleet-redis-secret': `https://secretmanager.googleapis.com/v1/${secret}:access`,
    });
    const readers = external.of('secretmanager/secretIamMember:SecretIamMember').map(({ inputs }) => inputs);
    expect(readers.map(({ project, secretId }) => `${project}/${secretId}`)).toEqual([
      'shared/redis',
      'shared/redis',
    ]);
    expect(external.of('compute/firewall:Firewall').filter(({ name }) => name.includes('redis'))).toEqual([]);
  });

  test('none: no Redis, no rule for it, nothing about it in the metadata or the outputs', async () => {
    const none = await evaluate({ redis: { kind: 'none' } });
    expect(none.of('redis/instance:Instance')).toEqual([]);
    expect(none.of('compute/firewall:Firewall').filter(({ name }) => name.includes('redis'))).toEqual([]);
    const [template] = none.of('compute/instanceTemplate:InstanceTemplate');
    expect(Object.keys(template?.inputs.metadata)).toEqual(['enable-guest-attributes', 'rtpfleet-admission']);
    expect(none.outputs.redis).toBeNull();
  });
});

describe('OS Login', () => {
  const metadata = (evaluated: Evaluated) =>
    evaluated.of('compute/instanceTemplate:InstanceTemplate')[0]?.inputs.metadata;

  test('is asked for where the fleet file says that the image has it', async () => {
    expect(metadata(fleet)).not.toHaveProperty('enable-oslogin');
    expect(metadata(await evaluate({ relays: { osLogin: true } }))['enable-oslogin']).toBe('TRUE');
  });
});

test('the outputs are what rollout and the proxies need', () => {
  const sockets = 'udp:10.0.1.1:22222 udp:10.0.1.2:22222 udp:10.0.2.1:22222 udp:10.0.2.2:22222';
  expect(fleet.outputs).toMatchObject({
    fleet: 'demo',
    project: 'my-project',
    region: 'us-central1',
    image: IMAGE,
    ports: { ng: 22222, cli: 9900, http: 9101, media: { min: 30000, max: 40000 } },
    redis: { host: '10.9.8.7', port: 6379, control: '10.9.8.7:6379/6' },
    kamailio: `modparam("rtpengine", "rtpengine_sock", "${sockets}")`,
    opensips: `modparam("rtpengine", "rtpengine_sock", "${sockets}")`,
  });
  expect(fleet.outputs.groups.map(({ name }: { name: string }) => name)).toEqual([
    'demo-us-central1-a',
    'demo-us-central1-b',
  ]);
  expect(fleet.outputs.relays[0]).toEqual({ name: 'relay-1', zone: 'us-central1-a', address: '10.0.1.1' });
});

test("a mistake in the stack's settings is told without a stack trace, with the way out", async () => {
  const failure = evaluate({}, { image: 'Not An Image' });
  await expect(failure).rejects.toBeInstanceOf(RunError);
  await expect(failure).rejects.toThrow(
    /^rtpfleet:image: Not An Image is not .*\n {2}Set it with `pulumi config set/,
  );
});
