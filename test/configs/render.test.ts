import { expect, test } from 'vitest';
import { render } from '../../configs/render.ts';

test('every placeholder is filled', () => {
  expect(render('a={{a}} b={{b.c}} a={{a}}', { a: 1, 'b.c': 'x' }, 't')).toBe('a=1 b=x a=1');
});

test('a placeholder without a value names template and placeholder', () => {
  expect(() => render('{{here}}', {}, 'unit.service')).toThrow('unit.service: no value for {{here}}');
});

test('a value that the template does not use is an error too', () => {
  expect(() => render('x', { y: 1 }, 't')).toThrow('t: does not use y');
});
