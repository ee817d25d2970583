import fc from 'fast-check';
import { expect, test } from 'vitest';
import { columns, wrap } from '../../../infra/preview/columns.ts';

test('columns are aligned, and the last is wrapped below itself', () => {
  expect(
    columns(
      [
        ['a', 'one two three four five six'],
        ['bb', 'x'],
      ],
      30,
    ),
  ).toEqual(['a   one two three four five', '    six', 'bb  x']);
});

test('no line is wider than the terminal, and no word is lost', () => {
  const word = fc.stringMatching(/^[a-z0-9./-]{1,60}$/);
  const cell = fc.array(word, { maxLength: 8 }).map((words) => words.join(' '));
  const rows = fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(rows, fc.integer({ min: 60, max: 200 }), (table, width) => {
      const lines = columns(table, width);
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width);
      const letters = (text: string) => [...text.replaceAll(' ', '')].sort().join('');
      expect(letters(lines.join(''))).toBe(letters(table.flat().join('')));
    }),
  );
});

test('what fits is left as it is', () => {
  expect(wrap('  12.00 USD', 20)).toEqual(['  12.00 USD']);
});
