import { expect, test } from 'vitest';
import type { EventBody, RelayState, RolloutEvent } from '../../../rollout/core/events.ts';
import {
  isZoneDone,
  type Picture,
  pictureAfter,
  pictureOf,
  runLines,
  zoneLines,
  zoneTitle,
} from '../../../rollout/view/picture.ts';
import { watchLines } from '../../../rollout/view/watch.ts';
import { wrap } from '../../../rollout/view/wrap.ts';
import { POLICY } from '../support/fleets.ts';

const state = (name: string, changes: Partial<RelayState> = {}): RelayState => ({
  relay: { zone: `z${name[0]}`, name, id: name },
  phase: 'stale',
  version: 'mr10.5.3.5',
  admitting: true,
  own: 3,
  foreign: 0,
  ...changes,
});

const event = (body: EventBody): RolloutEvent => ({
  v: 1,
  at: '2026-08-11T10:00:00.000Z',
  run: 'r1',
  ...body,
});

const begun = (...relays: readonly RelayState[]): Picture => {
  const targets = ['za', 'zb'].map((zone) => ({ zone, template: 't', image: 'i' }));
  const body = {
    kind: 'run-started',
    fleet: 'f',
    by: 'ann',
    pid: 1,
    policy: POLICY,
    targets,
    relays,
  } as const;
  return pictureOf(event(body) as Extract<RolloutEvent, { kind: 'run-started' }>);
};

const after = (picture: Picture, ...bodies: readonly EventBody[]) =>
  bodies.reduce((known, body) => pictureAfter(known, event(body)), picture);

const relay = { zone: 'za', name: 'a1', id: 'a1' };
const drains = state('a1', { phase: 'draining', cordonedAt: '2026-08-11T10:00:07.000Z' });

test('a zone says how far it is; a relay under way what is waited for, since when, and how long yet', () => {
  const picture = after(
    begun(state('a1'), state('a2'), state('b1')),
    { kind: 'relay-observed', ...drains },
    { kind: 'hold', relay, because: '3 calls left', overdue: false },
    { kind: 'eta', relay, p50: 40, p90: 180, oldestSeconds: 400 },
  );
  expect(zoneTitle(picture, 'za')).toBe('za: 0 of 2 relays done, 6 calls');
  expect(zoneLines(picture, 'za', 9)).toEqual([
    'a1: draining since 10:00:07: 3 calls left; its oldest call is up for 7 min; empty in about 40 s, in nine of ten cases within 3 min',
  ]);
  expect(zoneLines(picture, 'zb', 9)).toEqual([]);
  const late = after(picture, { kind: 'hold', relay, because: '2 calls left', overdue: true });
  expect(zoneLines(late, 'za', 9)[0]).toMatch(/^a1: HELD, draining since 10:00:07: 2 calls left;/);
});

test('what was said of an earlier phase is gone with it, and a served zone is done', () => {
  const held = after(begun(state('a1')), { kind: 'hold', relay, because: 'it rings', overdue: false });
  const serves = after(held, { kind: 'relay-observed', ...state('a1', { phase: 'serving' }) });
  expect(zoneLines(serves, 'za', 9)).toEqual([]);
  expect([isZoneDone(held, 'za'), isZoneDone(serves, 'za')]).toEqual([false, true]);
  const joins = after(held, { kind: 'relay-observed', ...state('a1', { phase: 'joining' }) });
  expect(zoneLines(joins, 'za', 9)).toEqual(['a1: joining: 3 calls']);
  expect(isZoneDone(begun(state('a1', { leftAlone: 'skip by ann' })), 'za')).toBe(true);
});

test('what concerns the whole run is seen as well, for as long as it holds', () => {
  const waits = after(
    begun(state('a1')),
    { kind: 'hold', because: 'the gate x says wait', overdue: false },
    { kind: 'observe-failed', code: 'gce-unavailable', message: 'GCE is away' },
  );
  expect(runLines(waits)).toEqual([
    'the run waits: the gate x says wait',
    'the fleet cannot be read: GCE is away; trying again',
  ]);
  expect(runLines(after(waits, { kind: 'relay-observed', ...drains }, { kind: 'hold-ended' }))).toEqual([]);
  const pause = { kind: 'wish', wish: 'pause', uncordon: false, by: 'ann', askedAt: '' } as const;
  expect(runLines(after(begun(), pause))).toEqual(['ann asked it to pause']);
  expect(runLines(after(begun(), pause, { ...pause, wish: 'resume' }))).toEqual([]);
});

test('more relays under way than fit are counted', () => {
  const many = Array.from({ length: 15 }, (_, i) => state(`a${i}`, { phase: 'draining' }));
  expect(zoneLines(begun(...many), 'za', 12)).toHaveLength(13);
  expect(zoneLines(begun(...many), 'za', 12).at(-1)).toBe('and 3 relays more under way');
});

test('lines are broken at spaces, and what follows is indented', () => {
  expect(wrap('  one two three', 9)).toEqual(['  one two', '    three']);
  expect(wrap('as it is', 80)).toEqual(['as it is']);
  expect(wrap('averylongword and more', 8)).toEqual(['averylongword', '  and', '  more']);
});

test('status --watch shows what fits: what needs a look first, the rest in numbers', () => {
  const many = Array.from({ length: 40 }, (_, i) => state(`a${String(i).padStart(2, '0')}`));
  const relays = [...many, drains];
  const lines = watchLines([{ zone: 'za', image: 'i' }], relays, ['below'], { columns: 60, rows: 20 });
  expect(lines.length).toBeLessThan(20);
  expect(lines.every((line) => line.length <= 60)).toBe(true);
  expect(lines.some((line) => line.includes('draining'))).toBe(true);
  expect(lines.slice(-3)).toEqual([
    'and 26 relays more: 26 stale',
    'wanted: an unknown version (image i)',
    'below',
  ]);
});
