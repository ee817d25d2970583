import { describe, expect, it } from 'vitest';
import {
  type ErrorKind,
  EXIT,
  exitCodeOf,
  FleetError,
  isFleetError,
  reasonOf,
  wordError,
} from '../../lib/errors.ts';

const failure = (kind: ErrorKind, hint?: string) =>
  new FleetError({ kind, code: 'test', message: 'Zone x is full.', ...(hint === undefined ? {} : { hint }) });

describe('exitCodeOf', () => {
  it.each([
    ['usage', 2],
    ['retry', 3],
    ['hold', 3],
    ['stop', 3],
    ['locked', 4],
    ['interrupted', 130],
  ] as const)('ends a program that fails with `%s` with %i', (kind, code) => {
    expect(exitCodeOf(failure(kind))).toBe(code);
  });

  it.each([new TypeError('x is not a function'), 'a string', undefined])('takes %s for a bug', (thrown) => {
    expect(exitCodeOf(thrown)).toBe(EXIT.bug);
  });
});

describe('wordError', () => {
  it('shows the sentence and, below it, the way out, without a stack trace', () => {
    expect(wordError(failure('usage', 'Pick another zone.'))).toBe('Zone x is full.\n  Pick another zone.');
    expect(wordError(failure('usage'))).toBe('Zone x is full.');
  });

  it('keeps the stack trace of a bug', () => {
    expect(wordError(new TypeError('x is not a function'))).toMatch(
      /^internal error: TypeError: x is not a function\n\s+at /,
    );
    expect(wordError('a string')).toBe('internal error: a string');
  });
});

describe('FleetError', () => {
  it('carries facts and the cause', () => {
    const cause = new Error('ECONNREFUSED');
    const error = new FleetError({ kind: 'retry', code: 'c', message: 'm', facts: { port: 22222 }, cause });
    expect(error).toMatchObject({ code: 'c', facts: { port: 22222 }, cause, hint: undefined });
    expect(isFleetError(error)).toBe(true);
    expect(isFleetError(cause)).toBe(false);
  });

  it('has no cause unless one was given', () => {
    expect('cause' in failure('stop')).toBe(false);
  });
});

describe('reasonOf', () => {
  it('takes anything that was thrown', () => {
    expect(reasonOf(new Error('no route'))).toBe('no route');
    expect(reasonOf(42)).toBe('42');
  });
});
