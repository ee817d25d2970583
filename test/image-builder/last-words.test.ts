import { expect, test } from 'vitest';
import { lastWords } from '../../image-builder/last-words.ts';

test('the lines that apt, dpkg and mmdebstrap mark are what counts, the first of them, each once', () => {
  const fetch = (name: string) => `E: Failed to fetch http://m.example/${name}.deb  503  Service Unavailable`;
  const noise = ['I: removing tempdir /tmp/x...', 'Get:1 http://m.example a'];
  const names = ['a', 'b', 'a', 'c', 'd', 'e', 'f'];
  expect(lastWords([noise[1], ...names.map(fetch), noise[0], ''].join('\n'))).toEqual([
    ...['a', 'b', 'c', 'd'].map(fetch),
    '… and 2 more',
  ]);
  const dpkg = 'dpkg: error processing package rtpengine-daemon (--configure):';
  expect(lastWords(`x\n${dpkg}\nI: y\n`)).toEqual([dpkg]);
});

test('of any other program the last 15 lines', () => {
  const lines = Array.from({ length: 40 }, (_, at) => `line ${at}`);
  expect(lastWords(`${lines.join('\n')}\n`)).toEqual(lines.slice(-15));
});
