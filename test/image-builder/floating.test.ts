import { describe, expect, test } from 'vitest';
import { parseFleet } from '../../configs/load.ts';
import { checkFloating } from '../../image-builder/floating.ts';
import { tuningTable } from '../../image-builder/tuning/wanted.ts';

const fleet = (floatingAddresses: 'internal' | 'none') =>
  parseFleet(
    `name: float\nimage: { version: mr12.5.1.31 }\ncloud: { project: a-project, region: us-central1, zones: [us-central1-a] }
redis: { controlDatabase: 4 }
network: { externalAddresses: none, floatingAddresses: ${floatingAddresses} }\n`,
    'fleet.yaml',
  );

describe('an image for relays with floating addresses', () => {
  test.each(['mr10.5.3.5', 'mr11.4.1.8'])(
    'is not built with %s, which answers ng at one address',
    (version) => {
      expect(() => checkFloating(fleet('internal'), version)).toThrow(
        expect.objectContaining({
          kind: 'usage',
          code: 'no-floating-addresses',
          message: expect.stringContaining(version),
        }),
      );
      expect(() => checkFloating(fleet('none'), version)).not.toThrow();
    },
  );

  test.each(['mr11.5.1.1', 'mr12.5.1.31', 'mr13.4.1.10', 'mr26.2.1.1'])('is built with %s', (version) => {
    expect(() => checkFloating(fleet('internal'), version)).not.toThrow();
  });

  test('lets RTPEngine bind to addresses that are not here yet; that of no other fleet does', () => {
    expect(tuningTable(fleet('internal'))).toContain(
      'sysctl\tnet.ipv4.ip_nonlocal_bind\t=\t1\tnamespace\talways\n',
    );
    expect(tuningTable(fleet('none'))).not.toContain('nonlocal');
  });
});
