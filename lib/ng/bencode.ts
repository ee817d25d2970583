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
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;

/** Bencodes a value. Dictionary keys keep the order they were written in: RTPEngine does not want them sorted, and
 * for one command their order matters (lib/ng/cli.ts).
 * Throws code `bencode-value` for what bencode cannot say: fractions, unsafe integers, undefined, booleans. */
export function encode(value: NgValue): Buffer {
  const parts: Buffer[] = [];
  write(value, parts);
  return Buffer.concat(parts);
}

/** Where in a message reading has come to. Moved on by whoever reads, so that no answer costs more than its values. */
type Cursor = { readonly bytes: Buffer; at: number };

/**
 * Decodes one message. Anything after its end, or a missing end, is refused with code `bencode`. With `only`, entries of
 * dictionaries under other keys are passed over unread: an answer to `statistics` has some 400 of them, of which 20 are
 * wanted, and thousands of answers come at once. What is passed over must still be a value.
 */
export function decode(message: Uint8Array, only?: ReadonlySet<string>): NgValue {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  const cursor = { bytes, at: 0 };
  const value = read(cursor, 0, only);
  if (cursor.at !== bytes.length)
    throw broken(`${bytes.length - cursor.at} bytes follow the value`, cursor.at);
  return value;
}

/** Index after the value that starts at `start`, or undefined while more bytes have to arrive.
 * Throws code `bencode` as soon as the bytes cannot become a value: ng over TCP has no other framing. */
export function endOfValue(bytes: Buffer, start: number): number | undefined {
  const cursor = { bytes, at: start };
  return pass(cursor, 0) ? cursor.at : undefined;
}

/** Passes over one value; false: it does not end within the bytes there are. */
function pass(cursor: Cursor, depth: number): boolean {
  const byte = cursor.bytes[cursor.at];
  if (byte === undefined) return false;
  if (byte === END) throw broken('an end without a beginning', cursor.at);
  if (depth > MAX_DEPTH) throw broken(`more than ${MAX_DEPTH} levels`, cursor.at);
  if (byte !== LIST && byte !== DICT) return passScalar(cursor, byte);
  cursor.at += 1;
  while (cursor.bytes[cursor.at] !== END) {
    if (byte === DICT && !passString(cursor)) return false;
    if (!pass(cursor, depth + 1)) return false;
  }
  cursor.at += 1;
  return true;
}

function passScalar(cursor: Cursor, byte: number): boolean {
  if (byte !== INT) return passString(cursor);
  const stop = numberEnd(cursor.bytes, cursor.at + 1, END);
  if (stop === undefined) return false;
  cursor.at = stop + 1;
  return true;
}

function passString(cursor: Cursor): boolean {
  const end = stringEnd(cursor);
  if (end === undefined || end > cursor.bytes.length) return false;
  cursor.at = end;
  return true;
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

function read(cursor: Cursor, depth: number, only: ReadonlySet<string> | undefined): NgValue {
  if (depth > MAX_DEPTH) throw broken(`more than ${MAX_DEPTH} levels`, cursor.at);
  const byte = cursor.bytes[cursor.at];
  if (byte === INT) return readInteger(cursor);
  if (byte === LIST) return readList(cursor, depth, only);
  if (byte === DICT) return readDict(cursor, depth, only);
  return readString(cursor);
}

function readInteger(cursor: Cursor): number | bigint {
  const { bytes, at } = cursor;
  const end = numberEnd(bytes, at + 1, END);
  if (end === undefined) throw broken('an integer without an end', at);
  cursor.at = end + 1;
  const digits = bytes.toString('latin1', at + 1, end);
  const value = Number(digits);
  return Number.isSafeInteger(value) ? value : BigInt(digits);
}

function readString(cursor: Cursor): string | Uint8Array {
  const { bytes, at } = cursor;
  const end = stringEnd(cursor);
  if (end === undefined) throw broken('a string without a length', at);
  if (end > bytes.length) throw broken('a string that is cut short', at);
  const start = bytes.indexOf(COLON, at) + 1;
  cursor.at = end;
  const text = bytes.toString('utf8', start, end);
  // The replacement character stands for every byte that is not UTF-8: only then compare with the original.
  if (!text.includes('\ufffd')) return text;
  const slice = bytes.subarray(start, end);
  return Buffer.from(text, 'utf8').equals(slice) ? text : Uint8Array.from(slice);
}

function readList(cursor: Cursor, depth: number, only: ReadonlySet<string> | undefined): NgValue[] {
  const list: NgValue[] = [];
  cursor.at += 1;
  while (cursor.bytes[cursor.at] !== END) list.push(read(cursor, depth + 1, only));
  cursor.at += 1;
  return list;
}

function readDict(cursor: Cursor, depth: number, only: ReadonlySet<string> | undefined): NgDict {
  // No prototype: a call whose id is `__proto__` must stay data.
  const dict: { [key: string]: NgValue } = Object.create(null);
  cursor.at += 1;
  while (cursor.bytes[cursor.at] !== END) {
    const found = readString(cursor);
    const key = typeof found === 'string' ? found : Buffer.from(found).toString('latin1');
    if (only === undefined || only.has(key)) dict[key] = read(cursor, depth + 1, only);
    else if (!pass(cursor, depth + 1)) throw broken('a value that is cut short', cursor.at);
  }
  cursor.at += 1;
  return dict;
}

/** Index after the string whose length stands here, which may lie beyond the bytes; undefined = more have to arrive. */
function stringEnd({ bytes, at }: Cursor): number | undefined {
  const colon = numberEnd(bytes, at, COLON);
  if (colon === undefined) return undefined;
  let length = 0;
  for (let index = at; index < colon; index += 1) length = length * 10 + (bytes[index] ?? 0) - ZERO;
  if (bytes[at] === MINUS || !Number.isSafeInteger(length)) throw broken('an impossible string length', at);
  return colon + 1 + length;
}

/** Longest number accepted: 20 characters hold every 64-bit integer with its sign. */
const MAX_DIGITS = 20;

/** Index of the `stop` that ends the number at `at`; undefined = more bytes have to arrive. */
function numberEnd(bytes: Buffer, at: number, stop: number): number | undefined {
  const first = bytes[at] === MINUS ? at + 1 : at;
  let end = first;
  while (end - at <= MAX_DIGITS && isDigit(bytes[end])) end += 1;
  const byte = bytes[end];
  const isZero = bytes[first] === ZERO;
  const isWhole = end > first && !(isZero && (end > first + 1 || first > at));
  if (byte === stop && isWhole && end - at <= MAX_DIGITS) return end;
  if (byte === undefined && end - at <= MAX_DIGITS) return undefined;
  throw broken('no number where one must be', at);
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
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
