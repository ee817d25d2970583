import { expect, test } from 'vitest';
import { isActive, kernelFault, kernelForwarding, wordInKernel } from '../../lib/kernel-forwarding.ts';

const healthOf = (detail: string) =>
  JSON.stringify({ ok: true, checks: [{ name: 'kernel', ok: true, detail }] });

test.each([
  ['active, table 0', true],
  ['active, table 0, required', true],
  ['inactive: a container loads no kernel module; RTP is forwarded in user space', false],
])('a relay’s health says that its kernel is %s', (words, active) => {
  expect(kernelForwarding(healthOf(words))).toBe(words);
  expect(isActive(words)).toBe(active);
});

test('a relay whose fleet does not want it says nothing of its kernel', () => {
  expect(kernelForwarding('{"ok":true,"checks":[]}')).toBeUndefined();
  expect(isActive(undefined)).toBe(false);
});

const REQUIRED = 'active, table 0, required';
const WANTED = 'active, table 0';

test('a kernel that has to forward and shows nothing of a call is a fault, and so is silence about it', () => {
  expect(kernelFault(REQUIRED, 0)).toBe('its kernel has to forward RTP, and forwarded no packet of a call');
  expect(kernelFault(REQUIRED, undefined)).toMatch(/does not say how much/);
});

test.each<[string | undefined, number | undefined]>([
  [REQUIRED, 1],
  [WANTED, 0],
  [WANTED, undefined],
  ['inactive: why; RTP is forwarded in user space', undefined],
  [undefined, undefined],
])('a kernel that is %s and forwarded %s packets is none', (kernel, inKernel) => {
  expect(kernelFault(kernel, inKernel)).toBeUndefined();
});

test.each<[string | undefined, number | undefined, string]>([
  [WANTED, 190, ', 190 of them forwarded by the kernel'],
  [WANTED, 0, ', none of them forwarded by the kernel, all in user space'],
  [WANTED, undefined, ', and it does not say how many of them its kernel forwarded'],
  ['inactive: why', undefined, ''],
  [undefined, undefined, ''],
])('of a kernel that is %s, %s packets are told as "%s"', (kernel, inKernel, words) => {
  expect(wordInKernel(kernel, inKernel)).toBe(words);
});
