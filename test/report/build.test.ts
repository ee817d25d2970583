import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import type { RolloutEvent } from '../../rollout/core/events.ts';
import { buildReport } from '../../rollout/report/build.ts';
import { renderReport } from '../../rollout/report/html.ts';
import { endedCall, reportOf, SUMMARY, sampleCalls, sampleJournal } from './support/sample.ts';

const schema: unknown = JSON.parse(
  readFileSync(new URL('../../rollout/report/report.schema.json', import.meta.url), 'utf8'),
);
const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(schema as object);

function expectValid(report: unknown): void {
  validate(report);
  expect(validate.errors ?? []).toEqual([]);
}

test('a good rollout: every relay was cordoned, empty, replaced and admitted in this order, and the verdict is ok', async () => {
  const events = await sampleJournal();
  const report = reportOf({ events, calls: sampleCalls(events) });
  expectValid(report);
  expect(report.verdict).toEqual({ ok: true, relays: 3, onTarget: 3, problems: [] });
  expect(report.run).toMatchObject({ ids: ['run-1'], result: 'done' });
  expect(report.calls).toMatchObject({ calls: 412, cut: 0, packetsLost: 0, complete: true, harmed: [] });
  for (const relay of report.relays) {
    const times = [relay.cordonedAt, relay.emptyAt, relay.replacedAt, relay.joinedAt, relay.admittedAt];
    expect(times.every((time) => time !== undefined)).toBe(true);
    expect([...times].sort()).toEqual(times);
    expect(relay.drainSeconds).toBeGreaterThan(0);
    expect(relay.phases.map(({ phase }) => phase)).toEqual([
      ...['stale', 'draining', 'empty', 'replacing', 'joining', 'serving'],
    ]);
    relay.phases.slice(1).forEach((span, at) => {
      expect(span.from).toBe(relay.phases[at]?.to);
    });
  }
  expect(report.decisions.map(({ what, outcome }) => `${what} ${outcome}`)).toEqual(
    ['z0', 'z1', 'z2'].flatMap(() => ['cordon done', 'replace done', 'admit done']),
  );
  expect(report.capacity).toMatchObject({ maxUnavailable: 1, leastAdmitting: 2 });
});

test.each(Array.from({ length: 12 }, (_, step) => step + 1))(
  'a run killed at step %i and taken up by another is one story',
  async (killAt) => {
    const events = await sampleJournal({}, killAt);
    const report = reportOf({ events, calls: [] });
    expectValid(report);
    expect(report.run.result).toBe('done');
    expect(report.verdict).toMatchObject({ ok: true, onTarget: 3 });
    for (const { cordonedAt = '', emptyAt = '', admittedAt } of report.relays) {
      expect(cordonedAt <= emptyAt).toBe(true);
      if (admittedAt !== undefined) expect(emptyAt <= admittedAt).toBe(true);
    }
  },
);

test('a cut call and a lost packet each spoil the verdict, and the calls are named', async () => {
  const events = await sampleJournal();
  const cut = endedCall({ id: 'bad', outcome: 'cut', reason: 'its relay no longer knew it', lost: 7 });
  const summary = { ...SUMMARY, cut: 1, packetsLost: 7 };
  const report = reportOf({ events, calls: [...sampleCalls(events), cut, summary] });
  expectValid(report);
  expect(report.verdict.ok).toBe(false);
  expect(report.verdict.problems).toEqual(['1 of 412 calls was cut.', '7 of 512,345 RTP packets were lost.']);
  expect(report.calls?.harmed).toMatchObject([{ id: 'bad', lost: 7, reason: 'its relay no longer knew it' }]);
});

test('a journal that stops in the middle is not a good rollout', async () => {
  const all = await sampleJournal();
  const events = all.slice(
    0,
    all.findIndex((event) => event.kind === 'relay-admitted'),
  );
  const report = reportOf({ events, calls: [] });
  expectValid(report);
  expect(report.verdict.ok).toBe(false);
  expect(report.verdict.problems[0]).toBe('The rollout has not ended.');
  expect(report.verdict.onTarget).toBe(0);
  expect(report.run).not.toHaveProperty('endedAt');
});

test('a caller that was killed: its calls are summed from their own lines, and the report says so', async () => {
  const events = await sampleJournal();
  const calls = sampleCalls(events).filter((line) => line.kind !== 'summary');
  const report = reportOf({ events, calls });
  expectValid(report);
  expect(report.calls).toMatchObject({ calls: 1, cut: 0, packetsSent: 1_000, complete: false });
  expect(report.verdict.ok).toBe(false);
});

test('no caller: nothing is said about calls, sessions are what the relays said', async () => {
  const events = await sampleJournal();
  const report = reportOf({ events, calls: [] });
  expectValid(report);
  expect(report).not.toHaveProperty('calls');
  expect(report.verdict.ok).toBe(true);
  expect(report.sessions.source).toBe('relays');
  const most = Math.max(...report.sessions.relays.flatMap(({ calls }) => calls.map((count) => count ?? 0)));
  expect(most).toBeGreaterThan(5);
});

test('a relay that did not answer has an unknown number of calls, not none', () => {
  const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, seconds)).toISOString();
  const relay = { zone: 'z', name: 'r' };
  const line = { v: 1, run: 'x' } as const;
  const policy = { maxUnavailable: 1 } as Extract<RolloutEvent, { kind: 'run-started' }>['policy'];
  const start = {
    kind: 'run-started',
    fleet: 'f',
    by: 'me',
    pid: 1,
    policy,
    targets: [],
    relays: [],
  } as const;
  const events: readonly RolloutEvent[] = [
    { ...line, ...start, at: at(0) },
    { ...line, kind: 'relay-observed', at: at(0), relay, phase: 'draining', own: 4, foreign: 1 },
    { ...line, kind: 'relay-observed', at: at(2), relay, phase: 'draining' },
    { ...line, kind: 'relay-observed', at: at(4), relay, phase: 'draining', own: 0, foreign: 0 },
  ];
  const report = reportOf({ events, calls: [] });
  expect(report.sessions.relays[0]?.calls).toEqual([5, 5, null, null, 0]);
});

test('waits whose numbers only count down are one wait, worded as it began', async () => {
  const events = await sampleJournal();
  const report = reportOf({ events, calls: [] });
  const waits = report.waits.filter(({ because }) => /\d+ calls? left/.test(because));
  expect(waits.length).toBeGreaterThan(0);
  expect(waits.length).toBeLessThanOrEqual(3);
  for (const { seconds } of waits) expect(seconds).toBeGreaterThan(0.5);
});

test('a journal without the start of a run makes no report', () => {
  expect(buildReport({ events: [], calls: [] })).toBeUndefined();
});

test('what people asked of a run and what it foresaw is told, in the order of time', async () => {
  const events = await sampleJournal();
  const [first] = events;
  if (first === undefined) throw new Error('the sample is empty');
  const { at, run, v } = first;
  const said: readonly RolloutEvent[] = [
    { v, at, run, kind: 'foreseen', lines: ['hazard one', '  hazard two'] },
    { v, at, run, kind: 'wish', wish: 'pause', uncordon: false, by: 'ann@host', askedAt: at },
  ];
  const report = reportOf({ events: [...events, ...said], calls: [] });
  expectValid(report);
  expect(report.audit.slice(-3).map((line) => line.said)).toEqual([
    'hazard one',
    'hazard two',
    'ann@host asked: pause: drains go on, nothing new is begun',
  ]);
});

test('a run of a share is as it should be with the other relays on the old image; one that did not end is not', async () => {
  const all = await sampleJournal({ policy: { share: 1 } });
  const report = reportOf({ events: all, calls: [] });
  expectValid(report);
  expect(report.run.share).toBe(1);
  expect(report.verdict).toEqual({ ok: true, relays: 3, onTarget: 1, problems: [] });
  const cut = reportOf({ events: all.filter(({ kind }) => kind !== 'run-ended'), calls: [] });
  expect(cut.verdict.problems).toHaveLength(3);
});

test('calls that a person had cut are never passed over, though every relay serves the new image', async () => {
  const events = (await sampleJournal()).map((event): RolloutEvent => {
    if (event.kind !== 'action-done' || event.action !== 'replace') return event;
    if (event.relay.zone === 'z0') return { ...event, action: 'force', cut: 3 };
    return event.relay.zone === 'z1' ? { ...event, action: 'force' } : event;
  });
  const report = reportOf({ events, calls: [] });
  expectValid(report);
  expect(report.relays.map(({ forced }) => forced)).toEqual([{ calls: 3 }, {}, undefined]);
  expect(report.verdict.ok).toBe(false);
  expect(report.verdict.problems).toEqual([
    '3 calls on sim-z0-0 were cut, as a person said.',
    'sim-z1-0 was replaced with its calls, as a person said; how many were cut is not known.',
  ]);
  expect(renderReport(report)).toContain('<b>3+?</b><span>calls cut because a person said so</span>');
});

test('a run that was refused tells why, and how it could go on', async () => {
  const [start] = (await sampleJournal()).filter((event) => event.kind === 'run-started');
  if (start === undefined) throw new Error('the sample is empty');
  const { v, run } = start;
  const before = new Date(Date.parse(start.at) - 1_300).toISOString();
  const reasons = [
    { message: 'The image i is OBSOLETE.', next: 'Take that back.' },
    { message: 'Zone z0 is DOWN.', next: 'Wait for it.' },
  ];
  const because = reasons.map(({ message }) => message).join(' ');
  const events: readonly RolloutEvent[] = [
    { v, at: before, run, kind: 'locked', fleet: 'sim', by: 'ann', lock: 'local', token: 1, detail: 'here' },
    start,
    {
      v,
      at: start.at,
      run,
      kind: 'run-ended',
      result: 'refused',
      because,
      reasons,
      seconds: 1.3,
      relays: [],
    },
  ];
  const report = reportOf({ events, calls: [] });
  expectValid(report);
  expect(report.verdict.problems.slice(0, 3)).toEqual([
    'The rollout was refused: The image i is OBSOLETE. Take that back.',
    'Zone z0 is DOWN. Wait for it.',
    'sim-z0-0 runs mr12.5.1.31: serving the old image.',
  ]);
  const failed = events.map((event) =>
    event.kind === 'run-ended' ? { ...event, result: 'failed' as const, reasons: [] } : event,
  );
  expect(reportOf({ events: failed, calls: [] }).verdict.problems[0]).toMatch(/^The rollout failed: /);
  expect(report.sessions.startedAt).toBe(start.at);
  expect(renderReport(report)).not.toContain('>−0:01<');
});
