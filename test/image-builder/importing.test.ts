import { expect, test } from 'vitest';
import { tenths } from '../../image-builder/importing.ts';

test('an upload is told of in ten lines, however many pieces it has', () => {
  const lines: string[] = [];
  const tell = tenths(200_000_000, (words) => lines.push(words));
  for (let sent = 0; sent <= 200_000_000; sent += 65_536) tell(sent);
  tell(200_000_000);
  expect(lines).toHaveLength(10);
  expect([lines[0], lines.at(-1)]).toEqual(['10 % of 200 MB sent', '100 % of 200 MB sent']);
});

test('one that goes on begins where it is', () => {
  const lines: string[] = [];
  const tell = tenths(100_000_000, (words) => lines.push(words));
  for (const sent of [67_108_864, 83_886_080, 100_000_000]) tell(sent);
  expect(lines).toEqual(['60 % of 100 MB sent', '80 % of 100 MB sent', '100 % of 100 MB sent']);
});
