import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { readSettings } from '../../infra/config.ts';
import { FleetError } from '../../lib/errors.ts';

function errorOf(work: () => unknown): FleetError {
  try {
    work();
  } catch (error) {
    if (error instanceof FleetError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('the settings of a stack', () => {
  test('name the fleet file after the stack, from the repository, wherever pulumi was started', () => {
    const before = process.cwd();
    process.chdir('/');
    try {
      expect(readSettings({ image: 'an-image' }, 'lab').fleet.name).toBe('lab');
    } finally {
      process.chdir(before);
    }
  });

  test('may replace the network range, and protect unless told otherwise', () => {
    const plain = readSettings({ image: 'an-image' }, 'lab');
    expect(plain.protect).toBe(true);
    const lab = readSettings({ image: 'an-image', networkRange: '10.77.12.0/24', protect: 'false' }, 'lab');
    expect(lab.fleet.network).toEqual({ ...plain.fleet.network, range: '10.77.12.0/24' });
    expect(lab.protect).toBe(false);
  });

  test.each([
    [
      'an image that cannot be',
      { image: 'Not An Image' },
      'rtpfleet:image: Not An Image is not the name of a GCE image',
    ],
    [
      'a range that is none',
      { image: 'x', networkRange: '10.0.0.0/99' },
      'rtpfleet:networkRange: 10.0.0.0/99 is no IPv4 range such as 10.128.0.0/20',
    ],
    [
      'a range in which the relays find no room',
      { image: 'x', networkRange: '10.77.12.0/30' },
      'rtpfleet:networkRange: 10.77.12.0/30 has room for 0 machines, the fleet needs 3 addresses',
    ],
    [
      'a switch that is none',
      { image: 'x', protect: 'yes' },
      'rtpfleet:protect: yes is neither true nor false',
    ],
  ])('%s is a usage error', (_, config, message) => {
    expect(errorOf(() => readSettings(config, 'lab'))).toMatchObject({ kind: 'usage', message });
  });

  test('put the relays of all regions, and Redis, into the one range', () => {
    const folder = mkdtempSync(join(tmpdir(), 'rtpfleet-range-'));
    const fleet = join(folder, 'fleet.yaml');
    const zones = ['us-central1-a', 'europe-west3-a', 'europe-west3-b'];
    const parts = {
      cloud: { project: 'my-project', region: 'us-central1', zones },
      network: { range: '10.0.0.0/20', ranges: { 'europe-west3': '10.1.0.0/20' } },
      relays: { perZone: 4 },
      redis: { kind: 'vm', secret: 'projects/my-project/secrets/redis/versions/latest' },
    };
    writeFileSync(fleet, stringify({ name: 'demo', image: { version: 'mr12.5.1.31' }, ...parts }));
    const settings = (networkRange: string) => readSettings({ fleet, image: 'x', networkRange }, 'demo');
    try {
      expect(errorOf(() => settings('10.77.12.0/28'))).toMatchObject({
        kind: 'usage',
        message: expect.stringContaining('room for 12 machines, the fleet needs 13 addresses'),
      });
      expect(settings('10.77.12.0/27').fleet.network.ranges).toEqual({ 'europe-west3': '10.77.12.0/27' });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('are of no host with several RTPEngines', () => {
    const folder = mkdtempSync(join(tmpdir(), 'rtpfleet-several-'));
    const fleet = join(folder, 'fleet.yaml');
    const lab = readFileSync(join(import.meta.dirname, '../../configs/fleets/lab.yaml'), 'utf8');
    writeFileSync(fleet, lab.replace('rtpengine:\n', 'rtpengine:\n  instances: 2\n'));
    try {
      expect(errorOf(() => readSettings({ fleet, image: 'x' }, 'lab'))).toMatchObject({
        code: 'several-instances',
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('a stack without a fleet file says which is missing', () => {
    expect(errorOf(() => readSettings({ image: 'x' }, 'no-such-stack'))).toMatchObject({
      code: 'fleet-file',
    });
  });
});
