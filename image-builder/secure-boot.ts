/** Secure Boot with keys of one's own: what firmware is to start is signed at build, and GCE is told whom to trust. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Fleet } from '../configs/fleet.ts';
import { FleetError, reasonOf } from '../lib/errors.ts';
import { textDigest } from './digest.ts';

export type Signing = {
  /** Absolute path of the private key, which is read only while something is signed. */
  readonly keyFile: string;
  /** PEM */
  readonly certificate: string;
  /** Digest of the certificate: what the key of a disk knows of all this. */
  readonly digest: string;
};

/** Programs that sign; the clock that they see stands still, since a signature holds the time. */
export const SIGNING_PACKAGES: readonly string[] = ['sbsigntool', 'faketime'];

/**
 * @returns undefined: the fleet's images are not signed
 * @throws FleetError `usage`, code `secure-boot-key`: no such key or certificate, or they do not belong together
 */
export function signingOf({ image }: Fleet): Signing | undefined {
  if (image.secureBoot === undefined) return undefined;
  const [keyFile, certificateFile] = [resolve(image.secureBoot.key), resolve(image.secureBoot.certificate)];
  const key = reading(keyFile, (content) => createPrivateKey(content));
  const certificate = reading(certificateFile, (content) => new X509Certificate(content));
  if (!certificate.checkPrivateKey(key))
    throw badKey(`the key ${keyFile} does not belong to the certificate ${certificateFile}`);
  return { keyFile, certificate: certificate.toString(), digest: textDigest(certificate.toString()) };
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
function reading<T>(file: string, read: (content: Buffer) => T): T {
  try {
    return read(readFileSync(file));
  } catch (cause) {
    throw badKey(`${file} is no readable key or certificate in PEM form: ${reasonOf(cause)}`);
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
