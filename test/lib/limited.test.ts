import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { mapLimited } from '../../lib/limited.ts';

test('keeps the order of the items and never runs more at once than allowed', async () => {
  let running = 0;
  let most = 0;
  const results = await mapLimited([5, 1, 4, 2, 3, 0], 2, async (item) => {
    running += 1;
    most = Math.max(most, running);
    await sleep(item);
    running -= 1;
    return item * 10;
  });
  expect(results).toEqual([50, 10, 40, 20, 30, 0]);
  expect(most).toBe(2);
});

test('begins nothing more after a failure', async () => {
  const begun: number[] = [];
  const run = mapLimited([1, 2, 3, 4], 1, async (item) => {
    begun.push(item);
    if (item === 2) throw new Error('two');
  });
  await expect(run).rejects.toThrow('two');
  expect(begun).toEqual([1, 2]);
});
