import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { stringify } from 'yaml';
import { type Applied, type ApplyOptions, applyToLab } from '../lab/apply.ts';
import { openLab, PROJECT, type TestLab } from './apply/lab.ts';

// Every apply evaluates the program twice, in a process of its own: seconds on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const ZONES = ['us-central1-a', 'us-central1-b', 'us-central1-c'];
const IMAGES = [
  'rtpengine-mr10-5-3-5-debian-12-aaaaaaaa',
  'rtpengine-mr12-5-1-31-debian-13-bbbbbbbb',
] as const;

const fleet = {
  name: 'demo',
  cloud: { project: PROJECT, region: 'us-central1', zones: ZONES },
  network: { externalAddresses: 'none' },
  image: { version: 'mr12.5.1.31' },
};

let lab: TestLab;
beforeAll(async () => {
  lab = await openLab();
  for (const image of IMAGES) await lab.addImage(image);
});
afterAll(() => lab.close());

async function apply(parts: object = {}, options: Partial<ApplyOptions> = {}): Promise<Applied> {
  const fleetFile = join(lab.folder, 'fleet.yaml');
  await writeFile(fleetFile, stringify({ ...fleet, ...parts }));
  return applyToLab({ fleetFile, image: IMAGES[0], lab, stableWithinMs: 60_000, ...options });
}

/** What was done, e.g. `networks demo: created`; `unchanged` and `skipped` left out. */
function work({ resources }: Applied): readonly string[] {
  return resources
    .filter(({ change }) => change.kind === 'created' || change.kind === 'changed')
    .map(
      ({ what, change }) => `${what}: ${change.kind}${change.kind === 'changed' ? ` ${change.fields}` : ''}`,
    )
    .sort();
}

/** Name of the template that the groups of the first region want. */
function templateOf({ outputs }: Applied): string | undefined {
  return Object.values(outputs.templates as Record<string, string>)[0]
    ?.split('/')
    .at(-1);
}

async function group(zone: string) {
  const instanceGroupManager = `demo-${zone}`;
  const [resource, members] = await Promise.all([
    lab.gce.call('instanceGroupManagers', 'get', { zone, instanceGroupManager }),
    lab.gce.call('instanceGroupManagers', 'listManagedInstances', { zone, instanceGroupManager }),
  ]);
  return {
    resource,
    members: members as readonly {
      readonly name?: string;
      readonly instance?: string;
      readonly instanceStatus?: string;
      readonly version?: object;
    }[],
  };
}

describe('lab apply', () => {
  let first: Applied;
  const progress: string[] = [];
  beforeAll(async () => {
    const seen = Promise.withResolvers<void>();
    lab.holdBoots(seen.promise);
    const onEvent: ApplyOptions['onEvent'] = (event) => {
      if (event.kind !== 'waiting') return;
      progress.push(`${event.what}: ${event.text}`);
      if (event.what === 'demo-us-central1-a') seen.resolve();
    };
    first = await apply({}, { onEvent });
  });

  test('makes the fleet that the program describes, with running relays, and says what it waits for', async () => {
    expect(work(first)).toContain('networks demo: created');
    expect(work(first)).toContain('redis demo-redis: created');
    expect(work(first)).toContain('nats demo: created');
    for (const zone of ZONES) {
      const { resource, members } = await group(zone);
      expect(resource.updatePolicy).toMatchObject({ type: 'OPPORTUNISTIC', replacementMethod: 'RECREATE' });
      expect(members.map(({ instanceStatus }) => instanceStatus)).toEqual(['RUNNING']);
    }
    expect(lab.booted).toHaveLength(3);
    expect(progress.some((line) => line.startsWith('demo-us-central1-a: 0 of 1 relays stable; demo-'))).toBe(
      true,
    );
  });

  test("its network has the lab's range, not the fleet file's", async () => {
    const subnetwork = await lab.gce.call('subnetworks', 'get', {
      region: 'us-central1',
      subnetwork: 'demo',
    });
    expect(subnetwork.ipCidrRange).toBe(lab.range);
  });

  test('its outputs name the relays at their real addresses', async () => {
    const relays = first.outputs.relays as readonly { readonly name: string; readonly address: string }[];
    const [{ name, address } = { name: '', address: '' }] = relays;
    const instance = await lab.gce.call('instances', 'get', { zone: 'us-central1-a', instance: name });
    expect(instance.networkInterfaces?.[0]?.networkIP).toBe(address);
    const sockets = relays.map((relay) => `udp:${relay.address}:22222`).join(' ');
    expect(first.outputs.kamailio).toBe(`modparam("rtpengine", "rtpengine_sock", "${sockets}")`);
    expect(first.outputs.redis).toMatchObject({ port: 6379 });
  });

  test('says that it skips what the lab has nothing of', () => {
    const skipped = first.resources.filter(({ change }) => change.kind === 'skipped').map(({ what }) => what);
    expect(skipped).toEqual(
      expect.arrayContaining(['service account demo-relay', 'role demo_controller', 'dashboard']),
    );
  });

  test('again with the same: changes nothing', async () => {
    const again = await apply();
    expect(work(again)).toEqual([]);
    expect(again.left).toEqual([]);
  });

  test('with another image: makes its template, points the groups at it, and touches no relay', async () => {
    const before = [...lab.booted];
    const second = await apply({}, { image: IMAGES[1] });
    const template = templateOf(second);
    expect(template).toMatch(new RegExp(`^demo-${IMAGES[1]}-`));
    expect(work(second)).toEqual([
      ...ZONES.map((zone) => `instanceGroupManagers demo-${zone}: changed versions`),
      `instanceTemplates ${template}: created`,
    ]);
    expect(second.left).toEqual([expect.stringMatching(`global/instanceTemplates/demo-${IMAGES[0]}-`)]);
    for (const zone of ZONES) {
      const { resource, members } = await group(zone);
      expect(resource.versions?.[0]?.instanceTemplate).toMatch(`/${template}`);
      expect(members).toMatchObject([{ instanceStatus: 'RUNNING', currentAction: 'NONE' }]);
      expect(members[0]?.version).toMatchObject({ instanceTemplate: expect.stringContaining(IMAGES[0]) });
    }
    expect(lab.booted).toEqual(before);
  });

  test('back to the first image: its template is still there', async () => {
    const back = await apply();
    expect(work(back)).toEqual(ZONES.map((zone) => `instanceGroupManagers demo-${zone}: changed versions`));
    expect(lab.booted).toHaveLength(3);
  });

  test('with another firewall range, another size: changes that and nothing else', async () => {
    const changed = await apply({ network: { ...fleet.network, mediaSources: ['198.51.100.0/24'] } });
    expect(work(changed)).toEqual(['firewalls demo-media: changed sourceRanges']);
    const grown = await apply({ relays: { perZone: 2 } });
    expect(work(grown)).toEqual([
      'firewalls demo-media: changed sourceRanges',
      ...ZONES.map((zone) => `instanceGroupManagers demo-${zone}: changed targetSize`),
    ]);
    expect(lab.booted).toHaveLength(6);
  });

  test('with another machine type: makes a template, points the groups at it, and touches no relay', async () => {
    const before = [...lab.booted];
    const other = await apply({ relays: { perZone: 2, machineType: 'n2-standard-8' } });
    expect(work(other)).toEqual([
      ...ZONES.map((zone) => `instanceGroupManagers demo-${zone}: changed versions`),
      `instanceTemplates ${templateOf(other)}: created`,
    ]);
    expect(lab.booted).toEqual(before);
    expect(work(await apply({ relays: { perZone: 2 } }))).toHaveLength(3);
  });

  test('with a zone more: makes its group with its relays, and touches no other', async () => {
    const before = lab.booted.length;
    const zones = [...ZONES, 'us-central1-f'];
    const more = await apply({ cloud: { ...fleet.cloud, zones }, relays: { perZone: 2 } });
    expect(work(more)).toEqual(['instanceGroupManagers demo-us-central1-f: created']);
    expect(lab.booted.slice(before)).toEqual([
      expect.stringMatching(/^demo-us-central1-f-/),
      expect.stringMatching(/^demo-us-central1-f-/),
    ]);
  });

  test('with fewer relays, protected: refuses before it begins anything, and takes it once one was deleted by name', async () => {
    const file = { network: { ...fleet.network, mediaSources: ['203.0.113.0/24'] }, relays: { perZone: 1 } };
    await expect(apply(file, { protect: true })).rejects.toMatchObject({
      kind: 'hold',
      code: 'fewer-relays',
      message: expect.stringMatching(/^demo-us-central1-\w would delete 1 of its relays, whichever it likes/),
    });
    const rule = await lab.gce.call('firewalls', 'get', { firewall: 'demo-media' });
    expect(rule.sourceRanges).toEqual(['0.0.0.0/0']);
    const kept = await Promise.all(ZONES.map(deleteOne));
    expect(work(await apply(file, { protect: true }))).toEqual([
      'firewalls demo-media: changed sourceRanges',
    ]);
    for (const [index, zone] of ZONES.entries())
      expect((await group(zone)).members).toMatchObject([{ name: kept[index], instanceStatus: 'RUNNING' }]);
    expect(work(await apply({ relays: { perZone: 2 } }, { protect: true }))).toHaveLength(4);
  });

  test('with fewer relays, not protected: the groups pick', async () => {
    expect(work(await apply({ relays: { perZone: 1 } }))).toEqual(
      ZONES.map((zone) => `instanceGroupManagers demo-${zone}: changed targetSize`),
    );
    expect(work(await apply({ relays: { perZone: 2 } }))).toHaveLength(3);
  });

  /** What an operator does with a relay that is drained; answers the name of the other. */
  async function deleteOne(zone: string): Promise<string | undefined> {
    const instanceGroupManager = `demo-${zone}`;
    const [drained, other] = (await group(zone)).members;
    const instances = [String(drained?.instance)];
    const request = { instances };
    await lab.gce.done(
      await lab.gce.call('instanceGroupManagers', 'deleteInstances', {
        zone,
        instanceGroupManager,
        instanceGroupManagersDeleteInstancesRequestResource: request,
      }),
    );
    return other?.name;
  }

  test('with a zone less: leaves its group alone and says so', async () => {
    const less = await apply({ cloud: { ...fleet.cloud, zones: ZONES.slice(0, 2) }, relays: { perZone: 2 } });
    expect(work(less)).toEqual([]);
    expect(less.left).toContain(
      `projects/${PROJECT}/zones/us-central1-c/instanceGroupManagers/demo-us-central1-c`,
    );
  });

  test('with a change that needs a replacement: refuses, naming it', async () => {
    const smaller = { ...lab, range: lab.range.replace('/24', '/25') };
    await expect(apply({ relays: { perZone: 2 } }, { lab: smaller })).rejects.toMatchObject({
      kind: 'hold',
      code: 'apply-replace',
      message: expect.stringContaining('subnetworks demo would have to be replaced to change ipCidrRange'),
    });
  });
});

/** A Pulumi program of these tests. */
const fixture = (name: string) => new URL(`./apply/programs/${name}.ts`, import.meta.url);

describe('a fleet of one relay with a kept external address and a Redis with a password', () => {
  const [zone = ''] = ZONES;
  const parts = {
    name: 'kept',
    cloud: { ...fleet.cloud, zones: [zone] },
    network: { externalAddresses: 'static' },
    redis: { auth: true },
  };
  let first: Applied;
  beforeAll(async () => {
    first = await apply(parts);
  });

  const relay = async () => {
    const found = await lab.gce.call('instances', 'list', { zone, filter: 'name eq kept-.*' });
    return (found as readonly { readonly name?: string; readonly networkInterfaces?: readonly Nic[] }[]).find(
      ({ name }) => name?.startsWith('kept-'),
    );
  };
  type Nic = {
    readonly networkIP?: string | null;
    readonly accessConfigs?: readonly { readonly natIP?: string | null }[] | null;
  };

  test('has the external address that the outputs name, and its group keeps it', async () => {
    const [nic] = (await relay())?.networkInterfaces ?? [];
    const external = nic?.accessConfigs?.[0]?.natIP;
    expect(first.outputs.relays).toMatchObject([{ zone, external }]);
    const instanceGroupManager = `kept-${zone}`;
    const members = await lab.gce.call('instanceGroupManagers', 'listManagedInstances', {
      zone,
      instanceGroupManager,
    });
    expect(members).toMatchObject([
      {
        preservedStateFromPolicy: {
          internalIPs: { nic0: { ipAddress: { literal: nic?.networkIP } } },
          externalIPs: { nic0: { ipAddress: { literal: external } } },
        },
      },
    ]);
  });

  test('says nowhere what the password is, and where it is', async () => {
    const state = JSON.parse(await readFile(join(lab.folder, 'state.json'), 'utf8'));
    const [password] = Object.values(state.redisPasswords as Record<string, string>);
    expect(password).toMatch(/^[0-9a-f-]{36}$/);
    expect(JSON.stringify(first)).not.toContain(password);
    expect(JSON.stringify(await relay())).not.toContain(password);
    expect(first.outputs.redis).toMatchObject({
      secret: `projects/${PROJECT}/secrets/kept-redis/versions/latest`,
    });
    expect(work(first)).toEqual(
      expect.arrayContaining([
        'secret kept-redis: created',
        `grant of roles/secretmanager.secretAccessor on secret kept-redis to serviceAccount:kept-relay@${PROJECT}.iam.gserviceaccount.com: created`,
      ]),
    );
  });

  test('again with the same: changes nothing', async () => {
    expect(work(await apply(parts))).toEqual([]);
  });
});

describe('lab apply refuses, before it makes anything,', () => {
  const refused = { name: 'other' };
  async function nothingMade(): Promise<void> {
    const networks = await lab.gce.call('networks', 'list', {});
    expect((networks as readonly { readonly name?: string }[]).map(({ name }) => name)).not.toContain(
      'other',
    );
  }

  test.each([
    [
      'a fleet of another project',
      { cloud: { ...fleet.cloud, project: 'elsewhere' } },
      {},
      { kind: 'usage', code: 'apply-project' },
    ],
    [
      'a fleet for which no image is named or pinned',
      {},
      { image: undefined },
      { kind: 'usage', code: 'no-pin' },
    ],
    [
      'an image that is not in the lab',
      {},
      { image: 'no-such-image' },
      { kind: 'usage', message: 'There is no image no-such-image in the lab.' },
    ],
    [
      'a kind that it does not know, by its name',
      {},
      { program: fixture('unknown-kind') },
      {
        kind: 'usage',
        code: 'apply-unknown-kind',
        message: expect.stringContaining('gcp:compute/disk:Disk'),
      },
    ],
    [
      'a program that fails, saying why',
      {},
      { program: fixture('broken') },
      { message: expect.stringContaining('this program is broken') },
    ],
  ])('%s', async (_, parts, options, error) => {
    await expect(apply({ ...refused, ...parts }, options)).rejects.toMatchObject(error);
    await nothingMade();
  });

  test('when it was interrupted', async () => {
    const reason = new Error('interrupted');
    await expect(apply(refused, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await nothingMade();
  });
});

describe('a wrong program', () => {
  test('is refused by the contract of GCE, with the field', async () => {
    await expect(apply({}, { program: fixture('wrong-field') })).rejects.toMatchObject({
      code: 'gce-bad-request',
      message: expect.stringContaining('WESTWARD'),
    });
  });

  test('that makes relays that answer no health check does not pass for a fleet', async () => {
    const parts = { name: 'ill', rtpengine: { httpPort: 9102 } };
    await expect(apply(parts, { stableWithinMs: 1_500 })).rejects.toMatchObject({
      code: 'apply-unstable',
      message: expect.stringMatching(/^ill-.* is not stable: 0 of 1 relays stable/),
    });
  });
});

test('an interrupt while it waits ends it, with its reason', async () => {
  const abort = new AbortController();
  const reason = new Error('interrupted');
  const onEvent: ApplyOptions['onEvent'] = ({ kind }) => kind === 'waiting' && abort.abort(reason);
  const parts = { name: 'slow', rtpengine: { httpPort: 9102 } };
  await expect(apply(parts, { onEvent, signal: abort.signal })).rejects.toBe(reason);
});
