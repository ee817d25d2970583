import { describe, expect, test } from 'vitest';
import { guestReport, guestSource, relayReport } from '../../lab/qemu/guest.ts';

const ADDRESS = '10.64.1.20';
const source = () => guestSource(ADDRESS, '10.64.1.1');

describe('the machine of a boot test', () => {
  test('is told who it is, and that it stays cordoned; nobody else is', () => {
    expect(source().tree(ADDRESS)).toMatchObject({
      instance: { attributes: { 'rtpfleet-admission': 'controller', 'enable-guest-attributes': 'TRUE' } },
    });
    expect(source().tree('10.64.1.21')).toBeUndefined();
    expect(source().putGuestAttribute('10.64.1.21', 'rtpfleet', 'health', 'x')).toBe(false);
  });

  test('has told everything only with the end of its report', () => {
    const { told, putGuestAttribute } = source();
    const tell = (key: string, value: string) => putGuestAttribute(ADDRESS, 'boot', key, value);
    tell('state', 'degraded\n');
    tell('failed', 'a.service\nb.service\n');
    tell('startup', 'Startup finished in 12.5s (kernel) + 1min (userspace) = 1min 12.5s \n');
    tell('root-bytes', ' 10431488000\n');
    tell('mtu', '1460\n');
    tell('health', '{"ok":true}\n');
    tell('secure-boot', '   1\n');
    expect(guestReport(told)).toBeUndefined();
    tell('end', 'done\n');
    expect(guestReport(told)).toEqual({
      state: 'degraded',
      failedUnits: ['a.service', 'b.service'],
      startup: '12.5s (kernel) + 1min (userspace) = 1min 12.5s',
      rootBytes: 10_431_488_000,
      mtu: 1460,
      health: '{"ok":true}',
      secureBoot: true,
    });
  });

  test('has told its health only together with its version', () => {
    const { told, putGuestAttribute } = source();
    putGuestAttribute(ADDRESS, 'rtpfleet', 'version', 'mr12.5.1.31');
    expect(relayReport(told)).toBeUndefined();
    putGuestAttribute(ADDRESS, 'rtpfleet', 'health', '{"ok":true}');
    expect(relayReport(told)).toEqual({ version: 'mr12.5.1.31', health: '{"ok":true}', tuning: '' });
    putGuestAttribute(ADDRESS, 'rtpfleet', 'tuning', '{}');
    expect(relayReport(told)?.tuning).toBe('{}');
  });
});
