import { expect, test, vi } from 'vitest';
import { showProgress } from '../../image-builder/progress.ts';
import { FleetError } from '../../lib/errors.ts';

test('a step that fails is shown with the first line of why, and the error goes on to the caller as it is', async () => {
  const error = new FleetError({
    kind: 'stop',
    code: 'x',
    message: 'no room:\n    E: one\n    E: two',
    hint: 'h',
  });
  const shown: string[] = [];
  const write = (text: string | Uint8Array) => shown.push(String(text)) > 0;
  const spies = [process.stdout, process.stderr].map((stream) =>
    vi.spyOn(stream, 'write').mockImplementation(write),
  );
  const failing = showProgress('simple')('Make it', () => Promise.reject(error));
  await expect(failing).rejects.toBe(error);
  for (const spy of spies) spy.mockRestore();
  expect(shown.join('')).toContain('no room');
  expect(shown.join('')).not.toContain('E: one');
});

test('what a step returns is handed on', async () => {
  expect(await showProgress('silent')('Make it', async () => 7)).toBe(7);
});
