import { describe, expect, test } from 'vitest';
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
      'a switch that is none',
      { image: 'x', protect: 'yes' },
      'rtpfleet:protect: yes is neither true nor false',
    ],
  ])('%s is a usage error', (_, config, message) => {
    expect(errorOf(() => readSettings(config, 'lab'))).toMatchObject({ kind: 'usage', message });
  });

  test('a stack without a fleet file says which is missing', () => {
    expect(errorOf(() => readSettings({ image: 'x' }, 'no-such-stack'))).toMatchObject({
      code: 'fleet-file',
    });
  });
});
