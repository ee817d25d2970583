import { expect, test } from 'vitest';
import { forLog } from '../../lab/demo/quiet.ts';

test('a log is told what a step is at every five seconds at most; its result always', async () => {
  const told: string[] = [];
  let now = 0;
  const progress = forLog(
    async (_title, work) => await work({ at: (text) => told.push(text), result: (text) => told.push(text) }),
    () => now,
  );
  await progress('Send', async (line) => {
    for (let megabyte = 0; megabyte < 100; megabyte += 1) {
      now += 100;
      line.at(`${megabyte} MB`);
    }
    line.result('sent');
  });
  expect(told).toEqual(['49 MB', '99 MB', 'sent']);
});
