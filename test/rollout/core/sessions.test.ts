import { expect, test } from 'vitest';
import type { RelayCall } from '../../../lib/relay/calls.ts';
import { callRows } from '../../../rollout/core/sessions.ts';

type Known = Extract<RelayCall['detail'], { readonly kind: 'known' }>;

function call(callId: string, over: Partial<RelayCall> = {}, detail: Partial<Known> = {}): RelayCall {
  return {
    callId,
    ageSeconds: 60,
    foreign: false,
    markedDeleted: false,
    detail: {
      kind: 'known',
      tags: 2,
      streams: 4,
      packets: 900,
      lastPacketSeconds: 0.4,
      lastSignalSeconds: 58,
      ...detail,
    },
    ...over,
  };
}

test('each call says why it holds its relay', () => {
  const rows = callRows([
    call('live'),
    call('ringing', {}, { packets: 0, lastPacketSeconds: 60 }),
    call('hold', {}, { lastPacketSeconds: 300 }),
    call('over', { markedDeleted: true }),
    call('empty', {}, { tags: 0, streams: 0, packets: 0, lastPacketSeconds: 'unknown' }),
    call('taken', { foreign: true }),
    call('dumb', { detail: { kind: 'unknown' } }),
  ]);
  expect(Object.fromEntries(rows.map(({ callId, because }) => [callId, because]))).toEqual({
    live: 'media flows',
    ringing: 'no packet has come yet: it rings, or its phones reach no relay',
    hold: 'no packet for 300 seconds: on hold, or its end was never told',
    over: 'it was ended and is still kept (delete-delay)',
    empty: 'it has no party and no timeout ends it; a drain removes it',
    taken: 'taken over from another relay; media flows',
    dumb: 'the relay tells nothing about it, so it counts as live',
  });
});

test('the oldest call comes first, one of unknown age before all; a call that is gone is left out', () => {
  const rows = callRows([
    call('young', { ageSeconds: 3 }),
    call('gone', { detail: { kind: 'gone' } }),
    call('old', { ageSeconds: 7_000.4 }),
    call('?', { ageSeconds: 'unknown' }),
  ]);
  expect(rows.map(({ callId }) => callId)).toEqual(['?', 'old', 'young']);
  expect(rows[1]).toMatchObject({ ageSeconds: 7_000, silent: false, foreign: false, empty: false });
});

test('what is not known is absent, never no', () => {
  const [row] = callRows([
    call('x', { foreign: 'unknown', markedDeleted: 'unknown', detail: { kind: 'unknown' } }),
  ]);
  expect(row).toEqual({ callId: 'x', ageSeconds: 60, because: expect.any(String) });
});
