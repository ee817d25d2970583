import { expect, test } from 'vitest';
import { callLines } from '../../../rollout/commands/sessions.ts';

const call = {
  ...{
    callId: `3020-${'f'.repeat(70)}`,
    ageSeconds: 12,
    lastPacketSeconds: 0,
    silent: false,
    foreign: false,
  },
  ...{ ending: false, empty: false, because: 'media flows' },
};
const told = [
  { zone: 'z', relay: 'lab-us-central1-b-7jn4', calls: [call, { ...call, callId: 'short', because: 'x' }] },
];

test('calls are one line each where there is room, and no longer than a narrow terminal else', () => {
  const wide = callLines(told);
  expect(wide).toHaveLength(4);
  expect(wide[1]).toMatch(/^lab-us-central1-b-7jn4 .* 3020-f+ {2}media flows$/);
  const narrow = callLines(told, 80);
  expect(narrow.every((line) => line.length <= 80)).toBe(true);
  expect(narrow[0]).not.toContain('CALL');
  expect(narrow.slice(1, 3)).toEqual([
    expect.stringMatching(/^lab-us-central1-b-7jn4 {2}12 s/),
    expect.stringMatching(/^ {2}3020-f+:$/),
  ]);
  expect(narrow.slice(-3)).toEqual([expect.stringContaining('lab-us'), '  short: x', '2 calls on 1 relay']);
});
