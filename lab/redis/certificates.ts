/**
 * Certificates of a managed Redis with TLS: an authority of its own, as each Memorystore instance has, and the server's, which names
 * the address as its common name and in no other way, as Memorystore's do (envoyproxy/ratelimit, pull request 409).
 */
import { access, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../host/run.ts';

export type Certificates = {
  /** Files. */
  readonly key: string;
  readonly certificate: string;
  readonly authority: string;
  /** PEM. */
  readonly authorityText: string;
};

/** Google: an authority is valid for ten years. */
const DAYS = ['-days', '3650'];
const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** Made once for an address, in `folder`; the authority's key is gone at once, so nobody else is ever vouched for. */
export async function certificatesFor(folder: string, host: string): Promise<Certificates> {
  const at = (name: string): string => join(folder, name);
  const [key, certificate, authority] = [at('server.key'), at('server.pem'), at('ca.pem')];
  if (!(await isThere(certificate))) {
    const [authorityKey, part] = [at('ca.key'), at('server.pem.new')];
    const signed = [
      '-CA',
      authority,
      '-CAkey',
      authorityKey,
      '-addext',
      'basicConstraints=critical,CA:FALSE',
    ];
    await request(authorityKey, authority, `/CN=Server CA of ${host}`);
    await request(key, part, `/CN=${host}`, ...signed);
    await rm(authorityKey);
    await rename(part, certificate);
  }
  return { key, certificate, authority, authorityText: await readFile(authority, 'utf8') };
}

async function request(key: string, out: string, subject: string, ...more: readonly string[]): Promise<void> {
  const place = ['-keyout', key, '-out', out, '-subj', subject];
  await run('openssl', ['req', '-x509', ...KEY, ...DAYS, ...place, ...more]);
}

const isThere = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );
