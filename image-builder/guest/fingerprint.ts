/** Fingerprints of OpenPGP keys (RFC 4880, 12.2), so that a key is checked before any program trusts it. Pure. */
import { createHash } from 'node:crypto';

const PUBLIC_KEY = 6;

/** Bytes of a key file, whether armored or not; undefined: it is neither. */
export function keyBytes(file: Buffer): Buffer | undefined {
  const text = file.toString('latin1');
  if (!text.includes('-----BEGIN PGP')) return (file[0] ?? 0) >= 0x80 ? file : undefined;
  const body =
    /-----BEGIN PGP PUBLIC KEY BLOCK-----\r?\n(?:.*: .*\r?\n)*\r?\n([\s\S]*?)\r?\n(?:=|-----END)/.exec(
      text,
    )?.[1];
  return body === undefined ? undefined : Buffer.from(body, 'base64');
}

/** Fingerprints of all primary keys (version 4), 40 capital hexadecimal digits each. */
export function fingerprints(key: Buffer): readonly string[] {
  const found: string[] = [];
  for (let at = 0; at < key.length; ) {
    const packet = packetAt(key, at);
    if (packet === undefined) return found;
    if (packet.tag === PUBLIC_KEY && packet.body[0] === 4) found.push(fingerprintOf(packet.body));
    at = packet.end;
  }
  return found;
}

function fingerprintOf(body: Buffer): string {
  const head = Buffer.from([0x99, body.length >> 8, body.length & 0xff]);
  return createHash('sha1').update(head).update(body).digest('hex').toUpperCase();
}

type Packet = { readonly tag: number; readonly body: Buffer; readonly end: number };

/** Both forms of packet headers (RFC 4880, 4.2); undefined: it is none, or longer than the file. */
function packetAt(key: Buffer, at: number): Packet | undefined {
  const first = key[at] ?? 0;
  if ((first & 0x80) === 0) return undefined;
  const isNew = (first & 0x40) !== 0;
  const tag = isNew ? first & 0x3f : (first >> 2) & 0x0f;
  const length = isNew ? newLength(key, at + 1) : oldLength(key, at + 1, first & 0x03);
  if (length === undefined) return undefined;
  const start = at + 1 + length.octets;
  const end = start + length.value;
  return end > key.length ? undefined : { tag, body: key.subarray(start, end), end };
}

type Length = { readonly value: number; readonly octets: number };

function newLength(key: Buffer, at: number): Length | undefined {
  const first = key[at];
  if (first === undefined || (first >= 224 && first < 255)) return undefined;
  if (first < 192) return { value: first, octets: 1 };
  if (first < 224) return { value: ((first - 192) << 8) + (key[at + 1] ?? 0) + 192, octets: 2 };
  return at + 5 > key.length ? undefined : { value: key.readUInt32BE(at + 1), octets: 5 };
}

function oldLength(key: Buffer, at: number, type: number): Length | undefined {
  const octets = [1, 2, 4][type];
  if (octets === undefined || at + octets > key.length) return undefined;
  return { value: key.readUIntBE(at, octets), octets };
}
