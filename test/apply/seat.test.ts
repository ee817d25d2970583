/** A fleet with floating addresses, applied to the lab's API. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { stringify } from 'yaml';
import { computePath, connectRest } from '../../lab/apply/rest.ts';
import { type Applied, type ApplyOptions, applyToLab } from '../../lab/apply.ts';
import { openLab, PROJECT, type TestLab } from './lab.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const IMAGE = 'rtpengine-mr13-4-1-10-debian-13-aaaaaaaa';
const [ZONE, OTHER] = ['us-central1-a', 'us-central1-b'];
const cloud = { project: PROJECT, region: 'us-central1', zones: [ZONE] };
const fleet = {
  ...{ name: 'demo', cloud, image: { version: 'mr13.4.1.10' } },
  network: { externalAddresses: 'none', floatingAddresses: 'internal' },
  redis: { database: 1, controlDatabase: 0 },
};

let lab: TestLab;
let first: Applied;
beforeAll(async () => {
  lab = await openLab();
  await lab.addImage(IMAGE);
  first = await apply({ relays: { perZone: 2 } });
});
afterAll(() => lab.close());

function apply(parts: object, options: Partial<ApplyOptions> = {}): Promise<Applied> {
  const fleetFile = join(lab.folder, 'fleet.yaml');
  return writeFile(fleetFile, stringify({ ...fleet, ...parts })).then(() =>
    applyToLab({ fleetFile, image: IMAGE, lab, stableWithinMs: 60_000, ...options }),
  );
}

function work({ resources }: Applied): readonly string[] {
  return resources
    .filter(({ change }) => change.kind === 'created' || change.kind === 'changed')
    .map(({ what, change }) => `${what}: ${change.kind}`)
    .sort();
}

type Relay = { readonly name: string; readonly address: string; readonly floating: string };
const relaysOf = ({ outputs }: Applied) => outputs.relays as readonly Relay[];
const rulePath = (name: string) => computePath(PROJECT, `regions/us-central1/forwardingRules/${name}`);
const rule = async (name: string) => (await connectRest(lab).get(rulePath(name))) ?? {};

async function metadataOf(name: string): Promise<Readonly<Record<string, string>>> {
  const { metadata } = await lab.gce.call('instances', 'get', { zone: ZONE, instance: name });
  return Object.fromEntries((metadata?.items ?? []).map(({ key, value }) => [key ?? '', value ?? '']));
}

test('relays have the names that the fleet file gives, addresses that float, and databases of their own', async () => {
  const relays = relaysOf(first);
  expect(relays.map(({ name }) => name)).toEqual(['demo-us-central1-a-0', 'demo-us-central1-a-1']);
  const floating = relays.map((relay) => relay.floating);
  expect(new Set([...floating, ...relays.map(({ address }) => address)]).size).toBe(4);
  for (const [index, { name }] of relays.entries()) {
    expect(await rule(name)).toMatchObject({
      ...{ IPAddress: floating[index], IPProtocol: 'UDP', allPorts: true },
      labels: { rtpfleet: 'demo', 'rtpfleet-home': name },
      target: expect.stringMatching(new RegExp(`/targetInstances/${name}$`)),
    });
    const metadata = await metadataOf(name);
    expect(metadata).toMatchObject({
      'rtpfleet-home': floating[index],
      'rtpfleet-redis': expect.stringMatching(new RegExp(`:6379/${3 + index}$`)),
      'rtpfleet-floating': floating.join(','),
      'rtpfleet-watched': '1',
    });
  }
});

test('proxies are told the floating addresses', () => {
  const sockets = relaysOf(first).map(({ floating }) => `udp:${floating}:22222`);
  expect(first.outputs.sockets).toEqual({ 'us-central1': sockets.join(' ') });
  expect(first.outputs.kamailio).toContain(sockets.join(' '));
});

test('again with the same changes nothing, and leaves an address where a rollout has put it', async () => {
  const [home = '', carrier = ''] = relaysOf(first).map(({ name }) => name);
  const { target } = await rule(carrier);
  await connectRest(lab).mutate('POST', `${rulePath(home)}/setTarget`, { target });
  const again = await apply({ relays: { perZone: 2 } });
  expect(work(again)).toEqual([]);
  expect(again.left).toEqual([]);
  expect((await rule(home)).target).toBe(target);
});

test('one more: made beside them, with a template that knows its address; no relay is touched', async () => {
  const before = [...lab.booted];
  const more = await apply({ relays: { perZone: 3 } });
  expect(work(more).map((line) => line.replace(/(instanceTemplates demo)[^:]+/, '$1'))).toEqual([
    'addresses demo-us-central1-a-2: created',
    'forwardingRules demo-us-central1-a-2: created',
    'instanceGroupManagers demo-us-central1-a: changed',
    'instanceTemplates demo: created',
    'relay demo-us-central1-a-2: created',
    'targetInstances demo-us-central1-a-2: created',
  ]);
  expect(lab.booted.slice(0, before.length)).toEqual(before);
  expect(lab.booted).toHaveLength(before.length + 1);
});

test.each<[string, object, RegExp]>([
  [
    'another zone, which would give running relays the databases of others',
    { cloud: { ...cloud, zones: [ZONE, OTHER] }, relays: { perZone: 3 } },
    /^demo-us-central1-a-\d would give up database \d, with its calls, for \d, which may be another's/,
  ],
  [
    'relays that their group names',
    { network: { externalAddresses: 'none' }, relays: { perZone: 3 } },
    /^demo-us-central1-a has relays with names of another kind/,
  ],
])('a protected fleet refuses %s, before anything is begun', async (_, parts, sentence) => {
  const before = [...lab.booted];
  await expect(apply(parts, { protect: true })).rejects.toThrow(sentence);
  expect(lab.booted).toEqual(before);
});
