import { expect, test } from 'vitest';
import { reportOf } from '../../../rollout/adapters/self-report.ts';

test('a relay’s report: version and failed checks; what cannot be read is bad health', () => {
  const report = (health: string) =>
    reportOf({
      queryValue: {
        items: [
          { namespace: 'rtpfleet', key: 'version', value: 'mr12.5.1.31\n' },
          { namespace: 'rtpfleet', key: 'health', value: health },
        ],
      },
    });
  expect(report('{"ok":true,"checks":[]}')).toEqual({
    version: 'mr12.5.1.31',
    health: { ok: true, failed: [] },
  });
  const bad =
    '{"ok":false,"checks":[{"name":"ng","ok":true},{"name":"sysctl","ok":false,"detail":"rmem_max 1"}]}';
  expect(report(bad).health).toEqual({ ok: false, failed: ['sysctl (rmem_max 1)'] });
  expect(report('oops').health?.ok).toBe(false);
  expect(reportOf({})).toEqual({ version: undefined, health: undefined });
});

test('settings of the system that are not in force are named; what a container cannot set is no fault', () => {
  const parameters = [
    { kind: 'sysctl', name: 'net.core.rmem_max', wanted: '>= 26214400', actual: '212992', state: 'differs' },
    { kind: 'argument', name: 'nohz_full', wanted: '= 1', actual: null, state: 'absent' },
    { kind: 'sysctl', name: 'vm.swappiness', wanted: '= 1', actual: '60', state: 'host' },
  ];
  const told = (value: string) =>
    reportOf({ queryValue: { items: [{ namespace: 'rtpfleet', key: 'tuning', value }] } }).tuning;
  expect(told(JSON.stringify({ ok: false, parameters }))).toEqual({
    ok: false,
    failed: ['net.core.rmem_max is 212992, wanted >= 26214400', 'nohz_full is absent, wanted = 1'],
  });
  expect(told('{"ok":true,"parameters":[]}')).toEqual({ ok: true, failed: [] });
  expect(told('oops')?.ok).toBe(false);
});
