/** An image with several RTPEngines, as a machine of the lab: each carries calls, and none depends on another. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadFleet } from '../../configs/load.ts';
import type { BuildResult } from '../../image-builder/build.ts';
import { connectCloud } from '../../image-builder/publication.ts';
import { finishImport, importImage } from '../../image-builder/publish.ts';
import { cleanUp } from '../../lab/cleanup.ts';
import { connectNg } from '../../lib/ng/client.ts';
import { probeCall } from '../../lib/probe-call.ts';
import { eventually, type ImageLab, openImageLab } from '../support/image-lab.ts';

const ROOT = join(import.meta.dirname, '../..');
const HOST = 'several';
const NG_PORTS = { 1: 22_222, 2: 22_223 } as const;
type Which = keyof typeof NG_PORTS;

const folder = mkdtempSync(join(tmpdir(), 'rtpfleet-several-'));
let machines: ImageLab;
let host: string;
let localAddress: string;

beforeAll(async () => {
  machines = await openImageLab(folder);
  const file = join(folder, 'several.yaml');
  const fleet = readFileSync(join(ROOT, 'configs/fleets/lab.yaml'), 'utf8');
  writeFileSync(file, fleet.replace('rtpengine:\n', 'rtpengine:\n  instances: 2\n'));
  const made: BuildResult = await machines.build('--fleet', file, '--no-publish');
  await importFor(file, made);
  host = await machines.start(HOST, made.image);
  const { stdout } = await execa('ip', ['-json', 'route', 'get', host]);
  localAddress = JSON.parse(stdout)[0].prefsrc;
  await eventually(async () => (await onHost('rtpfleet-health')).startsWith('{"ok":true,'));
});
afterAll(async () => {
  await machines?.close();
  await cleanUp(folder);
});

/** As `image:build` does for a fleet, which may not have several. */
async function importFor(file: string, { manifest, archive, sbomFile }: BuildResult): Promise<void> {
  const fleet = loadFleet(file);
  const cloud = await connectCloud({ signal: new AbortController().signal }, fleet, machines.lab);
  const sbom = readFileSync(sbomFile, 'utf8');
  await importImage(cloud, { fleet, manifest, archive, sbom, onProgress: () => undefined });
  await finishImport(cloud, fleet, manifest.image);
  await cloud.gce.close();
}

const onHost = (command: string) => machines.inMachine(HOST, command);
const health = async () => JSON.parse(await onHost('rtpfleet-health'));
const pidOf = (number: Which) => onHost(`systemctl show -P MainPID rtpengine-daemon@${number}`);

async function callThrough(number: Which) {
  const ng = connectNg({ host, port: NG_PORTS[number], transport: 'udp' });
  try {
    return await probeCall(ng, { localAddress, packets: 50, relay: 'admitted' });
  } finally {
    ng.close();
  }
}

test('says of each how it is', async () => {
  const { checks } = await health();
  for (const instance of [1, 2])
    for (const name of ['service', 'ng', 'cli'])
      expect(checks).toContainEqual(expect.objectContaining({ instance, name, ok: true }));
});

test.each([1, 2] as const)('carries a call through RTPEngine %i, which admitted itself', async (number) => {
  expect(await callThrough(number)).toMatchObject({ ok: true, receivedA: 50, receivedB: 50 });
});

test('when one is stopped, the other lives on, and health names the one that does not', async () => {
  const before = await pidOf(1);
  await onHost('systemctl stop rtpengine-daemon@2');
  const { ok, checks } = await health();
  expect(ok).toBe(false);
  expect(checks).toContainEqual({ instance: 2, name: 'service', ok: false, detail: 'inactive' });
  expect(
    checks.filter((check: { instance: number; ok: boolean }) => check.instance === 1 && !check.ok),
  ).toEqual([]);
  expect(await callThrough(1)).toMatchObject({ ok: true });
  expect(await pidOf(1)).toBe(before);
  await onHost('systemctl start rtpengine-daemon@2');
});

test('one that is killed comes back by itself and takes calls again; the other noticed nothing', async () => {
  await eventually(async () => (await callThrough(2)).ok);
  const before = [await pidOf(1), await pidOf(2)];
  await onHost('systemctl kill --signal=KILL rtpengine-daemon@2');
  expect(await callThrough(1)).toMatchObject({ ok: true, receivedA: 50, receivedB: 50 });
  await eventually(async () => (await callThrough(2)).ok);
  expect(await pidOf(1)).toBe(before[0]);
  expect(await pidOf(2)).not.toBe(before[1]);
});
