/** Secure Boot with keys of one's own: what firmware is to start is signed at build, and GCE is told whom to trust. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Fleet } from '../configs/fleet.ts';
import { FleetError, isFleetError, reasonOf } from '../lib/errors.ts';
import { textDigest } from './digest.ts';

export type Signing = {
  /** Absolute path of the private key, which is read only while something is signed. */
  readonly keyFile: string;
  /** PEM */
  readonly certificate: string;
  /** Digest of the certificate: what the key of a disk knows of all this. */
  readonly digest: string;
};

const LEAST_BITS = 2048;

/**
 * @param now a certificate that is not valid then is refused: signatures would be made that nobody ought to trust
 * @returns undefined: the fleet's images are not signed
 * @throws FleetError `usage`, code `secure-boot-key`: no such key or certificate, one that cannot sign, or they do not belong
 * together
 */
export function signingOf({ image }: Fleet, now: Date): Signing | undefined {
  if (image.secureBoot === undefined) return undefined;
  const [keyFile, certificateFile] = [resolve(image.secureBoot.key), resolve(image.secureBoot.certificate)];
  const key = readKey(keyFile);
  const certificate = reading(certificateFile, 'certificate', (content) => new X509Certificate(content));
  checkValidity(certificateFile, certificate, now);
  if (!certificate.checkPrivateKey(key))
    throw badKey(`the key ${keyFile} does not belong to the certificate ${certificateFile}`);
  return { keyFile, certificate: certificate.toString(), digest: textDigest(certificate.toString()) };
}

/** UEFI's firmware knows RSA (UEFI 2.10, 32.4), and only such signatures are the same every time. */
function readKey(file: string): KeyObject {
  const key = reading(file, 'private key', (content) => {
    if (content.includes('ENCRYPTED'))
      throw badKey(`${file} is encrypted, and nobody is asked for its passphrase`);
    return createPrivateKey(content);
  });
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (key.asymmetricKeyType !== 'rsa' || bits < LEAST_BITS)
    throw badKey(`${file} is no RSA key of ${LEAST_BITS} bits or more, which firmware asks for`);
  return key;
}

function checkValidity(file: string, { validFromDate, validToDate }: X509Certificate, now: Date): void {
  const day = (date: Date): string => date.toISOString().slice(0, 10);
  if (now > validToDate) throw badKey(`${file} expired on ${day(validToDate)}`);
  if (now < validFromDate) throw badKey(`${file} is not valid before ${day(validFromDate)}`);
}

/**
 * What the firmware of machines of the image trusts, as `images.insert` takes it (GCE: "Create custom shielded images"): the
 * one certificate as platform key, key exchange key and only signer of what may start. Pure.
 */
export function shieldedInstanceInitialState({ certificate }: Signing) {
  const content = new X509Certificate(certificate).raw.toString('base64');
  const file = { content, fileType: 'X509' };
  return { pk: file, keks: [file], dbs: [file] };
}

/** The error says nothing of the content. */
function reading<T>(file: string, what: string, read: (content: Buffer) => T): T {
  try {
    return read(readFileSync(file));
  } catch (cause) {
    if (isFleetError(cause)) throw cause;
    throw badKey(`${file} is no readable ${what} in PEM form: ${reasonOf(cause)}`);
  }
}

function badKey(message: string): FleetError {
  return new FleetError({
    kind: 'usage',
    code: 'secure-boot-key',
    message: `image.secureBoot: ${message}`,
    hint: 'Make a pair: openssl req -x509 -newkey rsa:2048 -nodes -keyout db.key -out db.pem -subj /CN=relays -days 3650',
  });
}
