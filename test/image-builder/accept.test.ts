import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { acceptImage, isHealthy } from '../../image-builder/accept.ts';
import { occupancy } from '../../image-builder/acceptance-claim.ts';
import { FleetError } from '../../lib/errors.ts';
import { PROJECT, ZONE } from '../support/lab-server.ts';
import { fakeMachines } from '../support/machines.ts';
import { FLEET, importInto, MANIFEST, openPublishLab, type PublishLab } from './support/product.ts';

const HEALTHY = '{"ok":true,"checks":[{"name":"ng","ok":true,"detail":"pong"}]}';
const TUNED = JSON.stringify({
  ok: true,
  kernel: '6.12.1',
  container: '',
  parameters: [
    { kind: 'sysctl', name: 'net.core.rmem_max', wanted: '= 1', actual: '1', state: 'in-force' },
    { kind: 'sysctl', name: 'kernel.sched_latency_ns', wanted: '= -', actual: null, state: 'gone' },
  ],
});
const UNTUNED = TUNED.replace('"actual":"1","state":"in-force"', '"actual":"212992","state":"differs"');
const SICK = '{"ok":false,"checks":[{"name":"ng","ok":false,"detail":"no pong"}]}';

type Words = Readonly<Record<string, string>>;

/** A lab whose machines write these guest attributes when they boot, as rtpfleet-ready does. */
async function labWhoseMachinesSay(words: Words): Promise<PublishLab> {
  const machines = fakeMachines();
  const opened: PublishLab[] = [];
  const boot: typeof machines.boot = async (spec) => {
    await machines.boot(spec);
    for (const [key, value] of Object.entries(words))
      opened[0]?.server.metadata.putGuestAttribute(spec.address, 'rtpfleet', key, value);
  };
  const lab = await openPublishLab({ machines: { ...machines, boot } });
  opened.push(lab);
  await importInto(lab);
  return lab;
}

const PLACE = 'here';

function accept(lab: PublishLab, place = PLACE, tell: (words: string) => void = () => undefined) {
  const order = {
    fleet: FLEET,
    manifest: MANIFEST,
    depth: 'boot',
    network: 'default',
    withinMs: 1_000,
    place,
    tell,
  } as const;
  return acceptImage(lab.cloud, order);
}

async function machinesLeft(lab: PublishLab): Promise<number> {
  return (await lab.api.instances.list({ project: PROJECT, zone: ZONE })).data.items?.length ?? 0;
}

describe('the acceptance of an image', () => {
  test('passes when its machine is healthy and runs the version that was built', async () => {
    const lab = await labWhoseMachinesSay({ version: MANIFEST.version, tuning: TUNED, health: HEALTHY });
    expect(await accept(lab)).toMatchObject({ health: HEALTHY });
    expect(await machinesLeft(lab)).toBe(0);
  });

  test.each<[string, Words, RegExp]>([
    [
      'another version',
      { version: 'mr10.5.3.5', health: HEALTHY },
      /it runs mr10\.5\.3\.5, not mr12\.5\.1\.31/,
    ],
    ['no version', { health: HEALTHY }, /it runs an unknown version/],
    ['bad health', { version: MANIFEST.version, health: SICK }, /it is not healthy.*no pong/],
    ['words that nobody can read', { version: MANIFEST.version, health: 'fine' }, /it is not healthy: fine/],
    [
      'a setting that is not in force',
      { version: MANIFEST.version, tuning: UNTUNED, health: HEALTHY },
      /its tuning is not in force: net\.core\.rmem_max is 212992, wanted = 1$/m,
    ],
    [
      'silence about its settings',
      { version: MANIFEST.version, health: HEALTHY },
      /its tuning is not in force: it said nothing of it/,
    ],
    ['nothing', {}, /it said nothing about its health within 1 s/],
  ])('fails on %s, with the end of the console, and leaves no machine', async (_, words, why) => {
    const lab = await labWhoseMachinesSay(words);
    const accepting = accept(lab);
    await expect(accepting).rejects.toMatchObject({
      code: 'not-accepted',
      message: expect.stringMatching(why),
    });
    await expect(accepting).rejects.toThrow(/boot of rtpfleet-accept-/);
    expect(await machinesLeft(lab)).toBe(0);
  });

  async function leave(lab: PublishLab, run: string): Promise<void> {
    const disks = [{ boot: true, initializeParams: { sourceImage: `global/images/${MANIFEST.image}` } }];
    const labels = { 'rtpfleet-run': run };
    const requestBody = { name: 'rtpfleet-accept-aaaaaaaa', disks, labels, networkInterfaces: [{}] };
    await lab.done((await lab.api.instances.insert({ project: PROJECT, zone: ZONE, requestBody })).data);
  }

  test('removes first what a killed run left in the same place', async () => {
    const lab = await labWhoseMachinesSay({ version: MANIFEST.version, tuning: TUNED, health: HEALTHY });
    await leave(lab, `${PLACE}-0a1b2c3d`);
    expect(await accept(lab)).toMatchObject({ health: HEALTHY });
    expect(await machinesLeft(lab)).toBe(0);
  });

  test('leaves the machine of another run alone, waits for its end, and has not examined the image then', async () => {
    const lab = await labWhoseMachinesSay({ version: MANIFEST.version, tuning: TUNED, health: HEALTHY });
    await leave(lab, 'elsewhere-0a1b2c3d');
    const told: string[] = [];
    const waiting = accept(lab, PLACE, (words) => told.push(words));
    while (told.length === 0) await sleep(5);
    expect(told).toEqual([
      'another publication examines it in rtpfleet-accept-aaaaaaaa; waiting for its end',
    ]);
    expect(await machinesLeft(lab)).toBe(1);
    const instance = 'rtpfleet-accept-aaaaaaaa';
    await lab.done((await lab.api.instances.delete({ project: PROJECT, zone: ZONE, instance })).data);
    expect(await waiting).toBeUndefined();
    expect(lab.machines.log.filter((line) => line.startsWith('boot '))).toHaveLength(1);
  });

  test('is done once by two runs that begin at the same time, and no machine is left', async () => {
    const lab = await labWhoseMachinesSay({ version: MANIFEST.version, tuning: TUNED, health: HEALTHY });
    const both = await Promise.all([accept(lab, 'one'), accept(lab, 'two')]);
    expect(both.filter((acceptance) => acceptance?.health === HEALTHY)).toHaveLength(1);
    expect(await machinesLeft(lab)).toBe(0);
    expect(lab.machines.violations).toEqual([]);
  });

  test('that is interrupted while GCE makes its machine leaves none', async () => {
    const lab = await labWhoseMachinesSay({});
    const release = lab.machines.holdBoots();
    const interrupted = new AbortController();
    const slow = { ...lab, cloud: { ...lab.cloud, signal: interrupted.signal } };
    const going = accept(slow);
    while ((await machinesLeft(lab)) === 0) await sleep(5);
    interrupted.abort(new FleetError({ kind: 'interrupted', code: 'interrupted', message: 'interrupted' }));
    release();
    await expect(going).rejects.toMatchObject({ kind: 'interrupted' });
    expect(await machinesLeft(lab)).toBe(0);
  });

  test('that cannot remove its machine says so beside what went wrong', async () => {
    const lab = await labWhoseMachinesSay({ version: MANIFEST.version, health: SICK });
    await lab.send('POST', '/lab/v1/faults', { match: 'compute.instances.delete', status: 403 });
    await expect(accept(lab)).rejects.toMatchObject({
      code: 'not-accepted',
      hint: expect.stringMatching(
        /^Machine rtpfleet-accept-aaaaaaaa in us-central1-a may be left, and the next/,
      ),
    });
  });
});

describe('whose machine it is', () => {
  const now = Date.parse('2026-01-02T03:00:00Z');
  const found = (run: string | undefined, minutesAgo: number) => ({
    labels: run === undefined ? {} : { 'rtpfleet-run': run },
    creationTimestamp: new Date(now - minutesAgo * 60_000).toISOString(),
  });

  test.each([
    ['none', undefined, 'free'],
    ['of this place, whose run was killed', found('here-0a1b2c3d', 0), 'left'],
    ['of a place whose name begins the same', found('here2-0a1b2c3d', 0), 'busy'],
    ['of elsewhere, begun a moment ago', found('there-0a1b2c3d', 1), 'busy'],
    ['of elsewhere, older than any run', found('there-0a1b2c3d', 16), 'left'],
    ['of nobody who says so, begun a moment ago', found(undefined, 1), 'busy'],
    ['of a time that nobody can read', { labels: {}, creationTimestamp: '' }, 'busy'],
  ])('%s', (_, machine, expected) => {
    expect(occupancy(machine, 'here', now)).toBe(expected);
  });
});

test.each([
  ['{"ok":true}', true],
  ['{"ok":"true"}', false],
  ['{"ok":false}', false],
  ['[]', false],
  ['null', false],
  ['', false],
])('health %j counts as %s', (health, healthy) => {
  expect(isHealthy(health)).toBe(healthy);
});
