import { FleetError } from '../errors.ts';

/** What the ng protocol carries. Integers beyond ±(2^53-1) are bigint; a string that is not UTF-8 stays bytes. */
export type NgValue = string | number | bigint | Uint8Array | readonly NgValue[] | NgDict;
export type NgDict = { readonly [key: string]: NgValue };

/** Deeper than any answer of RTPEngine (about 9 levels in `query`), shallow enough for any stack. */
const MAX_DEPTH = 64;

const LIST = 0x6c;
const DICT = 0x64;
const INT = 0x69;
const END = 0x65;
const COLON = 0x3a;

/** Bencodes a value. Dictionary keys keep the order they were written in: RTPEngine does not want them sorted, and
 * for one command their order matters (lib/ng/cli.ts).
 * Throws code `bencode-value` for what bencode cannot say: fractions, unsafe integers, undefined, booleans. */
export function encode(value: NgValue): Buffer {
  const parts: Buffer[] = [];
  write(value, parts);
  return Buffer.concat(parts);
}

/** Decodes one message. Anything after its end, or a missing end, is refused with code `bencode`. */
export function decode(message: Uint8Array): NgValue {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  const [value, end] = read(bytes, 0, 0);
  if (end !== bytes.length) throw broken(`${bytes.length - end} bytes follow the value`, end);
  return value;
}

/** Index after the value that starts at `start`, or undefined while more bytes have to arrive.
 * Throws code `bencode` as soon as the bytes cannot become a value: ng over TCP has no other framing. */
export function endOfValue(bytes: Buffer, start: number): number | undefined {
  let depth = 0;
  for (let at = start; at < bytes.length; ) {
    const next = endOfToken(bytes, at);
    if (next === undefined) return undefined;
    const byte = bytes[at];
    if (byte === LIST || byte === DICT) depth += 1;
    if (byte === END) depth -= 1;
    if (depth < 0) throw broken('an end without a beginning', at);
    if (depth > MAX_DEPTH) throw broken(`more than ${MAX_DEPTH} levels`, at);
    if (depth === 0) return next;
    at = next;
  }
  return undefined;
}

function endOfToken(bytes: Buffer, at: number): number | undefined {
  const byte = bytes[at];
  if (byte === LIST || byte === DICT || byte === END) return at + 1;
  if (byte === INT) return readNumber(bytes, at + 1, END)?.[1];
  const length = readNumber(bytes, at, COLON);
  if (length === undefined) return undefined;
  const end = length[1] + stringLength(length[0], at);
  return end > bytes.length ? undefined : end;
}

function write(value: NgValue, parts: Buffer[]): void {
  if (typeof value === 'string') writeBytes(Buffer.from(value, 'utf8'), parts);
  else if (value instanceof Uint8Array) writeBytes(Buffer.from(value), parts);
  else if (typeof value === 'bigint' || Number.isSafeInteger(value)) parts.push(Buffer.from(`i${value}e`));
  else if (Array.isArray(value)) writeList(value, parts);
  else if (typeof value === 'object' && value !== null) writeDict(value as NgDict, parts);
  else throw unsayable(value);
}

function writeBytes(bytes: Buffer, parts: Buffer[]): void {
  parts.push(Buffer.from(`${bytes.length}:`), bytes);
}

function writeList(list: readonly NgValue[], parts: Buffer[]): void {
  parts.push(Buffer.from('l'));
  for (const item of list) write(item, parts);
  parts.push(Buffer.from('e'));
}

function writeDict(dict: NgDict, parts: Buffer[]): void {
  parts.push(Buffer.from('d'));
  for (const [key, item] of Object.entries(dict)) {
    writeBytes(Buffer.from(key, 'utf8'), parts);
    write(item, parts);
  }
  parts.push(Buffer.from('e'));
}

function read(bytes: Buffer, at: number, depth: number): [NgValue, number] {
  if (depth > MAX_DEPTH) throw broken(`more than ${MAX_DEPTH} levels`, at);
  const byte = bytes[at];
  if (byte === INT) return readInteger(bytes, at);
  if (byte === LIST) return readList(bytes, at + 1, depth);
  if (byte === DICT) return readDict(bytes, at + 1, depth);
  return readString(bytes, at);
}

function readInteger(bytes: Buffer, at: number): [number | bigint, number] {
  const found = readNumber(bytes, at + 1, END);
  if (found === undefined) throw broken('an integer without an end', at);
  const value = Number(found[0]);
  return [Number.isSafeInteger(value) ? value : BigInt(found[0]), found[1]];
}

function readString(bytes: Buffer, at: number): [string | Uint8Array, number] {
  const found = readNumber(bytes, at, COLON);
  if (found === undefined) throw broken('a string without a length', at);
  const end = found[1] + stringLength(found[0], at);
  if (end > bytes.length) throw broken('a string that is cut short', at);
  const slice = bytes.subarray(found[1], end);
  const text = slice.toString('utf8');
  // The replacement character stands for every byte that is not UTF-8: only then compare with the original.
  if (text.includes('\ufffd') && !Buffer.from(text, 'utf8').equals(slice))
    return [Uint8Array.from(slice), end];
  return [text, end];
}

function readList(bytes: Buffer, start: number, depth: number): [NgValue[], number] {
  const list: NgValue[] = [];
  let at = start;
  while (bytes[at] !== END) {
    const [item, end] = read(bytes, at, depth + 1);
    list.push(item);
    at = end;
  }
  return [list, at + 1];
}

function readDict(bytes: Buffer, start: number, depth: number): [NgDict, number] {
  // No prototype: a call whose id is `__proto__` must stay data.
  const dict: { [key: string]: NgValue } = Object.create(null);
  let at = start;
  while (bytes[at] !== END) {
    const [key, afterKey] = readString(bytes, at);
    const [item, end] = read(bytes, afterKey, depth + 1);
    dict[typeof key === 'string' ? key : Buffer.from(key).toString('latin1')] = item;
    at = end;
  }
  return [dict, at + 1];
}

/** Longest number accepted: 20 characters hold every 64-bit integer with its sign. */
const MAX_DIGITS = 20;

/** The digits from `at` up to `stop` and the index after it; undefined = more bytes have to arrive. */
function readNumber(bytes: Buffer, at: number, stop: number): [string, number] | undefined {
  const window = bytes.subarray(at, at + MAX_DIGITS + 1);
  const length = window.indexOf(stop);
  const digits = window.toString('latin1', 0, length === -1 ? undefined : length);
  if (length === -1 && digits.length <= MAX_DIGITS && /^-?\d*$/.test(digits)) return undefined;
  if (length === -1 || !/^(0|-?[1-9]\d*)$/.test(digits)) throw broken('no number where one must be', at);
  return [digits, at + length + 1];
}

function stringLength(digits: string, at: number): number {
  const length = Number(digits);
  if (!Number.isSafeInteger(length) || length < 0) throw broken('an impossible string length', at);
  return length;
}

function broken(what: string, at: number): FleetError {
  return new FleetError({
    kind: 'retry',
    code: 'bencode',
    message: `an ng message is not bencode: ${what} (byte ${at})`,
    facts: { byte: at },
  });
}

function unsayable(value: unknown): FleetError {
  return new FleetError({
    kind: 'stop',
    code: 'bencode-value',
    message: `bencode has no form for ${typeof value} ${String(value)}`,
    hint: 'Send text, bytes, whole numbers, lists or dictionaries of them.',
  });
}
