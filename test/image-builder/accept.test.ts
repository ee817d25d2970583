import { describe, expect, test } from 'vitest';
import { acceptImage, isHealthy, kernelForwarding } from '../../image-builder/accept.ts';
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

function accept(lab: PublishLab) {
  const order = {
    fleet: FLEET,
    manifest: MANIFEST,
    depth: 'boot',
    network: 'default',
    withinMs: 1_000,
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

  test('removes first what a killed run left', async () => {
    const lab = await labWhoseMachinesSay({ version: MANIFEST.version, tuning: TUNED, health: HEALTHY });
    const disks = [{ boot: true, initializeParams: { sourceImage: `global/images/${MANIFEST.image}` } }];
    const requestBody = { name: 'rtpfleet-accept-aaaaaaaa', disks, networkInterfaces: [{}] };
    await lab.done((await lab.api.instances.insert({ project: PROJECT, zone: ZONE, requestBody })).data);
    expect(await accept(lab)).toMatchObject({ health: HEALTHY });
    expect(await machinesLeft(lab)).toBe(0);
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

test('what a relay says of forwarding in the kernel is found in its health', () => {
  const health = '{"ok":true,"checks":[{"name":"kernel","ok":true,"detail":"active, table 0"}]}';
  expect(kernelForwarding(health)).toBe('active, table 0');
  expect(kernelForwarding(HEALTHY)).toBeUndefined();
});
