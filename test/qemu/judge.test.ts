import { describe, expect, test } from 'vitest';
import { type Evidence, judge } from '../../lab/qemu/judge.ts';
import { wordReport } from '../../lab/qemu/words.ts';

const GIB = 1024 ** 3;
const FINE = '{"ok":true,"checks":[]}';
const TUNING = (state: string) =>
  JSON.stringify({
    ...{ ok: true, kernel: '6.12', container: '' },
    parameters: [{ kind: 'irq', name: 'network card', wanted: 'in 0', actual: '1', state }],
  });
const GUEST = {
  health: FINE,
  state: 'running',
  failedUnits: [],
  startup: '74 s',
  rootBytes: 9.7 * GIB,
  mtu: 1460,
  secureBoot: false,
};
const CALL = { port: 22_222, ok: true, reason: undefined, sent: 50, receivedA: 50, receivedB: 50 };
const GOOD: Evidence = {
  serial: '[  OK  ] Started rtpengine-daemon.service.\n',
  relay: { version: 'mr12.5.1.31', health: FINE, tuning: TUNING('in-force') },
  guest: GUEST,
  healthySeconds: 80,
  seconds: 81,
  isOver: false,
  calls: [CALL, { ...CALL, port: 22_223 }],
  diskBytes: 10 * GIB,
  isSecureBoot: false,
};
const relayWith = (detail: string) => ({
  version: 'mr12.5.1.31',
  health: JSON.stringify({ ok: true, checks: [{ name: 'kernel', ok: true, detail }] }),
  tuning: TUNING('in-force'),
});
const problemsOf = (change: Partial<Evidence>, version = 'mr12.5.1.31') =>
  judge({ ...GOOD, ...change }, version).problems;

describe('a booted image', () => {
  test('is fit when nothing speaks against it', () => {
    expect(judge(GOOD, 'mr12.5.1.31')).toMatchObject({ ok: true, problems: [] });
    expect(judge(GOOD, undefined).ok).toBe(true);
    expect(wordReport(judge(GOOD, undefined), 'boot.log')).toMatch(
      /1 settings: 1 in force\n.*22222\): RTP 50 and 50 of 50.*\n.*22223\): RTP 50[^✖]*fit\n$/,
    );
  });

  test('tells what its kernel forwarded, and that Secure Boot was on', () => {
    const calls = [{ ...CALL, sent: 250, receivedA: 250, receivedB: 250, inKernel: 190 }];
    const relay = relayWith('active, table 0, required');
    const report = judge(
      { ...GOOD, relay, calls, guest: { ...GUEST, secureBoot: true }, isSecureBoot: true },
      undefined,
    );
    expect(report.problems).toEqual([]);
    expect(wordReport(report, 'boot.log')).toMatch(
      /Secure Boot: on[\s\S]*250 packets, 190 of them forwarded by the kernel/,
    );
  });

  test('says that RTP went through user space, where its kernel may leave it there', () => {
    const report = judge(
      { ...GOOD, relay: relayWith('active, table 0'), calls: [{ ...CALL, inKernel: 0 }] },
      undefined,
    );
    expect(report.ok).toBe(true);
    expect(wordReport(report, 'boot.log')).toMatch(/none of them forwarded by the kernel, all in user space/);
  });

  test.each<[string, Partial<Evidence>, RegExp]>([
    [
      'a kernel that has to forward RTP and does not',
      { relay: relayWith('active, table 0, required'), calls: [{ ...CALL, inKernel: 0 }] },
      /^its kernel has to forward RTP, and forwarded no packet of a call$/,
    ],
    [
      'a failed unit on the console',
      { serial: '[FAILED] Failed to start a.service' },
      /console: failed unit: .*a\.service/,
    ],
    [
      'another version',
      { relay: { version: 'mr10.5.3.5', health: FINE, tuning: TUNING('gone') } },
      /runs mr10\.5\.3\.5, not mr12\.5\.1\.31/,
    ],
    [
      'bad health',
      { relay: { version: 'mr12.5.1.31', health: '{"ok":false,"checks":[]}', tuning: TUNING('in-force') } },
      /not healthy/,
    ],
    [
      'another RTPEngine that is not healthy',
      { guest: { ...GUEST, health: '{"ok":false,"checks":[]}' } },
      /not healthy at the end/,
    ],
    [
      'a setting that is not in force',
      { relay: { version: 'mr12.5.1.31', health: FINE, tuning: TUNING('differs') } },
      /network card is 1, wanted in 0/,
    ],
    [
      'silence about its tuning',
      { relay: { version: 'mr12.5.1.31', health: FINE, tuning: '' } },
      /said nothing of it/,
    ],
    [
      'a degraded system',
      { guest: { ...GUEST, state: 'degraded', failedUnits: ['a.service'] } },
      /degraded: a\.service/,
    ],
    ['a wrong MTU', { guest: { ...GUEST, mtu: 1500 } }, /MTU 1500/],
    ['a root that did not grow', { guest: { ...GUEST, rootBytes: 1.9 * GIB } }, /did not grow/],
    ['a root of unknown size', { guest: { ...GUEST, rootBytes: Number.NaN } }, /did not grow/],
    [
      'a call that failed',
      { calls: [CALL, { ...CALL, port: 22_223, ok: false, reason: 'no RTP', receivedA: 0 }] },
      /call .*22223.* no RTP/,
    ],
    [
      'a kernel that Secure Boot refused, which is the one reason for all that is missing',
      {
        ...{ relay: undefined, guest: undefined, isSecureBoot: true },
        serial: String.raw`Error loading \EFI\Linux\a.efi: Access denied
BdsDxe: No bootable option or device was found.`,
      },
      /^Secure Boot did not let \\EFI\\Linux\\a\.efi start: it was not signed/,
    ],
    ['Secure Boot that is off', { isSecureBoot: true }, /Secure Boot is off/],
    [
      'silence',
      { relay: undefined, guest: undefined, isOver: true, seconds: 300 },
      /its health within 300 s.*rtpengine-daemon/,
    ],
    ['silence about the boot', { guest: undefined, isOver: true }, /the end of its boot within/],
    ['an end before the time', { relay: undefined, serial: '' }, /and ended after 81 s.*nothing at all/],
  ])('is not fit with %s', (_, change, words) => {
    const problems = problemsOf(change);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(words);
    expect(wordReport(judge({ ...GOOD, ...change }, 'mr12.5.1.31'), 'boot.log')).toMatch(/✖ .*not fit\n$/s);
  });

  test('of which the disk was not made larger need not have grown', () => {
    expect(problemsOf({ guest: { ...GUEST, rootBytes: 1.9 * GIB }, diskBytes: undefined })).toEqual([]);
  });
});
