import { expect, test } from 'vitest';
import { costOf } from '../../infra/cost.ts';
import prices from '../../infra/prices.json' with { type: 'json' };
import { FLOATING, fleetFile, subjectOf } from './subject.ts';

const cloud = (region: string, ...zones: readonly string[]) => ({
  cloud: { project: 'my-project', region, zones: zones.map((zone) => `${region}-${zone}`) },
});

async function cost(parts: object) {
  return costOf((await subjectOf(fleetFile(parts))).resources);
}

test('machines, disks, addresses and Redis of a fleet, by the month, at the price of its region', async () => {
  const { lines, total, complete, date, currency } = await cost({
    ...cloud('europe-west3', 'a', 'b', 'c'),
    relays: { perZone: 2, machineType: 'e2-standard-4', diskGb: 20 },
    redis: { tier: 'BASIC', memoryGb: 1 },
  });
  const hour = 4 * 0.02181159 + 16 * 0.00292353;
  expect(lines).toEqual([
    { what: '6 × e2-standard-4 in europe-west3', amount: cents(6 * hour * 730 * 1.3) },
    { what: '6 × 20 GB pd-balanced in europe-west3', amount: cents(6 * 20 * 0.1 * 1.3) },
    { what: '6 × external address in europe-west3', amount: cents(6 * 0.005 * 730) },
    { what: '1 × Memorystore BASIC 1 GB in europe-west3', amount: cents(0.049 * 730 * 1.3) },
  ]);
  expect(total).toBeCloseTo(
    lines.reduce((sum, { amount = 0 }) => sum + amount, 0),
    2,
  );
  expect(complete).toBe(true);
  expect([date, currency]).toEqual([prices.date, 'USD']);
});

function cents(amount: number): number {
  return Math.round(amount * 100) / 100;
}

test.each<[string, object, string]>([
  ['a machine type', { relays: { machineType: 'z9-standard-4' } }, 'machine type z9-standard-4 is not in'],
  ['a shape of a known family', { relays: { machineType: 't2d-highmem-4' } }, 't2d-highmem-4'],
  ['a size that is none', { relays: { machineType: 'e2-standard-many' } }, 'e2-standard-many'],
  ['what objects have by themselves', { relays: { machineType: 'e2-constructor-4' } }, 'e2-constructor-4'],
  ['a large Redis', { redis: { memoryGb: 300 } }, 'Memorystore STANDARD_HA of 300 GB'],
])('%s that the table does not know is said, and not counted as nothing', async (_, parts, said) => {
  const { lines, complete, total } = await cost(parts);
  const unknown = lines.filter(({ amount }) => amount === undefined);
  expect(unknown).toEqual([expect.objectContaining({ because: expect.stringContaining(said) })]);
  expect(complete).toBe(false);
  expect(total).toBeGreaterThan(0);
});

test('in a region that the table does not know only what costs the same everywhere is known', async () => {
  const { lines, total, complete } = await cost(cloud('mars-north1', 'a'));
  expect(lines.length).toBeGreaterThan(2);
  const [known, unknown] = [true, false].map((is) =>
    lines.filter(({ amount }) => is === (amount !== undefined)),
  );
  expect(known?.map(({ what }) => what)).toEqual(['1 × external address in mars-north1']);
  for (const { because } of unknown ?? [])
    expect(because).toBe('region mars-north1 is not in the price table');
  expect([total, complete]).toEqual([3.65, false]);
});

test('without external addresses Cloud NAT is paid by relay, up to a most, and one address', async () => {
  const lineOf = async (perZone: number) => {
    const { lines } = await cost({
      ...cloud('europe-west3', 'a', 'b'),
      ...{ relays: { perZone }, network: { externalAddresses: 'none' } },
    });
    return lines.filter(({ what }) => what.includes('NAT'));
  };
  const hours = (hour: number) => cents(hour * 730);
  expect(await lineOf(2)).toEqual([
    { what: '1 × Cloud NAT for 4 machines in europe-west3', amount: hours(4 * 0.0014 + 0.005) },
  ]);
  expect(await lineOf(40)).toEqual([
    { what: '1 × Cloud NAT for 80 machines in europe-west3', amount: hours(32 * 0.0014 + 0.005) },
  ]);
});

test('a machine with Redis costs itself, both its disks, and its way out', async () => {
  const secret = 'projects/p/secrets/s/versions/1';
  const { lines } = await cost({ ...cloud('us-central1', 'a'), redis: { kind: 'vm', secret, diskGb: 40 } });
  const hour = 0.5 * 0.02181159 + 2 * 0.00292353;
  for (const line of [
    { what: '1 × e2-small in us-central1', amount: cents(hour * 730) },
    { what: '1 × 10 GB pd-balanced in us-central1', amount: 1 },
    { what: '1 × 40 GB pd-balanced in us-central1', amount: 4 },
    { what: '1 × Cloud NAT for 1 machines in us-central1', amount: cents((0.0014 + 0.005) * 730) },
  ])
    expect(lines).toContainEqual(line);
});

test('shared cores cost a share', async () => {
  const { lines } = await cost({ ...cloud('us-central1', 'a'), relays: { machineType: 'e2-small' } });
  expect(lines[0]).toEqual({
    what: '1 × e2-small in us-central1',
    amount: cents((0.5 * 0.02181159 + 2 * 0.00292353) * 730),
  });
});

test('the table says when, in what, and from where', () => {
  expect(prices.date).toMatch(/^\d{4}-\d\d-\d\d$/);
  expect(prices.source).toMatch(/compare with/i);
  const regions = prices.regionClasses.flatMap((one) => one.regions);
  expect(new Set(regions).size).toBe(regions.length);
});

test('relays with floating addresses are counted by name, and their rules: five together, each further one by itself', async () => {
  const { lines } = await cost({ ...FLOATING, relays: { perZone: 3 } });
  expect(lines.map(({ what }) => what)).toEqual(
    expect.arrayContaining([
      '6 × e2-standard-4 in us-central1',
      '1 × Cloud NAT for 6 machines in us-central1',
    ]),
  );
  const rules = lines.find(({ what }) => what === '1 × 6 forwarding rules in us-central1');
  expect(rules?.amount).toBe(cents((0.025 + 0.01) * 730));
});
