/**
 * Variables of OVMF with Secure Boot's keys in them, as GCE puts those of an image into the firmware of its machines. Pure.
 * Form: EDK II, MdeModulePkg/Include/Guid/VariableFormat.h (authenticated variables), and UEFI 2.10 section 32.4.1
 * (signature lists).
 */

const GLOBAL = '8be4df61-93ca-11d2-aa0d-00e098032b8c';
const SECURITY_DATABASE = 'd719b2cb-3d3a-4596-a3bc-dad00e67656f';
const X509 = 'a5c059a1-94e4-4aa7-87b5-ab155c2bf072';
/** Who owns the signatures: any GUID will do. */
const OWNER = '4a1c3a86-5d0c-4c5a-9c6e-6f7a9a1f7c11';

/** Kept over a power cycle, seen by boot services and system, changed only by who has the key above (UEFI 8.2.2). */
const ATTRIBUTES = 0x27;
const START = 0x55aa;
const ADDED = 0x3f;
const HEADER_BYTES = 60;
const STORE_HEADER_BYTES = 28;
const ERASED = 0xff;

/**
 * @param empty a variables file of OVMF without any variable
 * @param certificate DER: platform key, key exchange key and only signer of what may start. Once there is a platform key, the
 * firmware turns Secure Boot on by itself.
 * @throws Error where `empty` is of another form
 */
export function enrolKeys(empty: Buffer, certificate: Buffer): Buffer {
  const start = empty.readUInt16LE(0x30) + STORE_HEADER_BYTES;
  const list = signatureList(certificate);
  const variables = Buffer.concat([
    variable('PK', GLOBAL, list),
    variable('KEK', GLOBAL, list),
    variable('db', SECURITY_DATABASE, list),
  ]);
  const place = empty.subarray(start, start + variables.length);
  if (empty.toString('latin1', 0x28, 0x2c) !== '_FVH' || !place.every((byte) => byte === ERASED))
    throw new Error('not an empty variables file of OVMF');
  const filled = Buffer.from(empty);
  variables.copy(filled, start);
  return filled;
}

function variable(name: string, vendor: string, data: Buffer): Buffer {
  const words = Buffer.from(`${name}\0`, 'utf16le');
  const bytes = HEADER_BYTES + words.length + data.length;
  // The next one begins at a multiple of four.
  const whole = Buffer.alloc(Math.ceil(bytes / 4) * 4, ERASED);
  whole.fill(0, 0, HEADER_BYTES);
  whole.writeUInt16LE(START, 0);
  whole.writeUInt8(ADDED, 2);
  whole.writeUInt32LE(ATTRIBUTES, 4);
  whole.writeUInt32LE(words.length, 36);
  whole.writeUInt32LE(data.length, 40);
  guid(vendor).copy(whole, 44);
  words.copy(whole, HEADER_BYTES);
  data.copy(whole, HEADER_BYTES + words.length);
  return whole;
}

function signatureList(certificate: Buffer): Buffer {
  const signature = Buffer.concat([guid(OWNER), certificate]);
  const sizes = Buffer.alloc(12);
  sizes.writeUInt32LE(28 + signature.length, 0);
  sizes.writeUInt32LE(signature.length, 8);
  return Buffer.concat([guid(X509), sizes, signature]);
}

/** The first three parts are numbers, little-endian; the rest is bytes. */
function guid(text: string): Buffer {
  const [first = '', second = '', third = '', ...rest] = text.split('-');
  const numbers = [first, second, third].map((part) => Buffer.from(part, 'hex').reverse());
  return Buffer.concat([...numbers, Buffer.from(rest.join(''), 'hex')]);
}
