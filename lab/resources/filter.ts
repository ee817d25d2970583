/**
 * The `filter` of lists: `labels.fleet=lab AND (status = "RUNNING" OR status = STAGING)`, `name eq "(a|b)"`, `-name:old*`.
 * What is written otherwise is refused, never ignored. Pure.
 * Source: "filter" in Google's compute.proto; `eq`/`ne` compare with a regular expression on the whole value.
 */
import { invalid } from '../refusal.ts';

export type Predicate = (item: object) => boolean;

type Token = { readonly kind: '(' | ')' | 'op' | 'word' | 'text'; readonly value: string };
type Cursor = { readonly tokens: readonly Token[]; at: number; readonly source: string };

const TOKEN = /\s*(?:([()])|(!=|<=|>=|=|<|>|:)|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^\s()!=<>:"']+))/y;

/** Reads a filter; no filter lets everything through. */
export function parseFilter(source: string | undefined): Predicate {
  if (source === undefined || source.trim() === '') return () => true;
  const cursor: Cursor = { tokens: tokenize(source), at: 0, source };
  const predicate = parseOr(cursor);
  if (cursor.at < cursor.tokens.length) throw malformed(source);
  return predicate;
}

const malformed = (source: string) => invalid('filter', source, 'Invalid list filter expression.');

function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  const text = source.trimEnd();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const found = TOKEN.exec(text);
    if (found === null) throw malformed(source);
    tokens.push(readToken(found));
  }
  return tokens;
}

function readToken([, paren, op, double, single, word]: RegExpExecArray): Token {
  if (paren === '(' || paren === ')') return { kind: paren, value: paren };
  if (op !== undefined) return { kind: 'op', value: op };
  const quoted = double ?? single;
  if (quoted !== undefined) return { kind: 'text', value: quoted.replace(/\\(.)/g, '$1') };
  return word === 'eq' || word === 'ne' ? { kind: 'op', value: word } : { kind: 'word', value: word ?? '' };
}

const isWord = (cursor: Cursor, word: string): boolean => {
  const token = cursor.tokens[cursor.at];
  return token?.kind === 'word' && token.value === word;
};

function parseOr(cursor: Cursor): Predicate {
  const choices = [parseAnd(cursor)];
  while (isWord(cursor, 'OR')) {
    cursor.at++;
    choices.push(parseAnd(cursor));
  }
  return (item) => choices.some((choice) => choice(item));
}

/** `a AND b` and `a b` are the same. */
function parseAnd(cursor: Cursor): Predicate {
  const all = [parseTerm(cursor)];
  while (
    cursor.at < cursor.tokens.length &&
    !isWord(cursor, 'OR') &&
    cursor.tokens[cursor.at]?.kind !== ')'
  ) {
    if (isWord(cursor, 'AND')) cursor.at++;
    all.push(parseTerm(cursor));
  }
  return (item) => all.every((each) => each(item));
}

function parseTerm(cursor: Cursor): Predicate {
  const token = cursor.tokens[cursor.at];
  if (token === undefined) throw malformed(cursor.source);
  if (isWord(cursor, 'NOT')) {
    cursor.at++;
    const inner = parseTerm(cursor);
    return (item) => !inner(item);
  }
  if (token.kind !== '(') return parseComparison(cursor);
  cursor.at++;
  const inner = parseOr(cursor);
  if (cursor.tokens[cursor.at]?.kind !== ')') throw malformed(cursor.source);
  cursor.at++;
  return inner;
}

function parseComparison(cursor: Cursor): Predicate {
  const [field, op, value] = cursor.tokens.slice(cursor.at, cursor.at + 3);
  if (field?.kind !== 'word' || op?.kind !== 'op' || (value?.kind !== 'word' && value?.kind !== 'text'))
    throw malformed(cursor.source);
  cursor.at += 3;
  const negated = field.value.startsWith('-');
  const path = (negated ? field.value.slice(1) : field.value).split('.');
  const test = comparison(op.value, value.value, cursor.source);
  return (item) => test(valuesAt(item, path)) !== negated;
}

/** The values at a path; lists on the way spread out (`networkInterfaces.networkIP`). */
function valuesAt(item: unknown, path: readonly string[]): string[] {
  if (Array.isArray(item)) return item.flatMap((each) => valuesAt(each, path));
  if (path.length === 0 || item == null)
    return item == null || typeof item === 'object' ? [] : [String(item)];
  if (typeof item !== 'object') return [];
  const [head = '', ...rest] = path;
  return valuesAt((item as Record<string, unknown>)[head], rest);
}

type Test = (values: readonly string[]) => boolean;

function comparison(op: string, wanted: string, source: string): Test {
  const some =
    (test: (value: string) => boolean): Test =>
    (values) =>
      values.some(test);
  switch (op) {
    case '=':
      return some((value) => value === wanted);
    case '!=':
      return (values) => !values.includes(wanted);
    case ':':
      return wanted === '*' ? (values) => values.length > 0 : some(globTest(wanted));
    case 'eq':
      return some(regexTest(wanted, source));
    case 'ne':
      return (values) => !values.some(regexTest(wanted, source));
    default:
      return some((value) => ordered(op, value, wanted));
  }
}

function ordered(op: string, left: string, right: string): boolean {
  const numbers =
    left.trim() !== '' && right.trim() !== '' && !Number.isNaN(Number(left)) && !Number.isNaN(Number(right));
  const order = numbers ? Number(left) - Number(right) : left < right ? -1 : Number(left > right);
  if (op === '<') return order < 0;
  if (op === '<=') return order <= 0;
  return op === '>' ? order > 0 : order >= 0;
}

/** `:` finds the text anywhere; a trailing `*` asks for a prefix. */
function globTest(wanted: string): (value: string) => boolean {
  if (wanted.endsWith('*')) return (value) => value.startsWith(wanted.slice(0, -1));
  return (value) => value.includes(wanted);
}

function regexTest(wanted: string, source: string): (value: string) => boolean {
  try {
    const pattern = new RegExp(`^(?:${wanted})$`);
    return (value) => pattern.test(value);
  } catch {
    throw malformed(source);
  }
}
