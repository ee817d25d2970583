import { expect, test } from 'vitest';
import { isActive, kernelForwarding } from '../../lib/kernel-forwarding.ts';

const healthOf = (detail: string) =>
  JSON.stringify({ ok: true, checks: [{ name: 'kernel', ok: true, detail }] });

test.each([
  ['active, table 0', true],
  ['inactive: a container loads no kernel module; RTP is forwarded in user space', false],
])('a relay’s health says that its kernel is %s', (words, active) => {
  expect(kernelForwarding(healthOf(words))).toBe(words);
  expect(isActive(words)).toBe(active);
});

test('a relay whose fleet does not want it says nothing of its kernel', () => {
  expect(kernelForwarding('{"ok":true,"checks":[]}')).toBeUndefined();
  expect(isActive(undefined)).toBe(false);
});
