/** Which certificates of the fleet's Redis a rollout takes. */
import { readFileSync } from 'node:fs';
import type { Fleet } from '../../configs/fleet.ts';
import { FleetError, reasonOf } from '../../lib/errors.ts';
import { readSecret, type SecretOptions } from '../../lib/secrets.ts';
import type { TemplateRedis } from './gce.ts';
import type { RedisTls } from './redis.ts';

/**
 * What a template names is what there is; of an external Redis the fleet file tells. undefined: it is spoken to in clear.
 * @throws FleetError `stop`, code `secret`; `usage`, code `ca-file`; `stop`, code `no-ca`: the fleet file wants TLS, and what runs has none yet.
 */
export async function redisTls(
  { redis }: Pick<Fleet, 'redis'>,
  { at, ca }: TemplateRedis,
  options: SecretOptions,
): Promise<RedisTls | undefined> {
  if (ca !== undefined) return { kind: 'own', authorities: await readSecret(ca, options) };
  if (!redis.tls) return undefined;
  if (redis.kind !== 'external') throw withoutAuthority(at);
  return redis.caFile === undefined
    ? { kind: 'public' }
    : { kind: 'public', authorities: readAuthorities(redis.caFile) };
}

function readAuthorities(file: string): string {
  const text = readText(file);
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  throw wrongFile(`${file} holds no certificate`);
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw wrongFile(`${file} cannot be read: ${reasonOf(cause)}`);
  }
}

function wrongFile(why: string): FleetError {
  return new FleetError({
    kind: 'usage',
    code: 'ca-file',
    message: `redis.caFile: ${why}`,
    hint: 'Name a PEM file with the authority that signed the certificate of Redis.',
  });
}

function withoutAuthority(at: string): FleetError {
  return new FleetError({
    kind: 'stop',
    code: 'no-ca',
    message: `The fleet file wants TLS to Redis, but the one at ${at} has none.`,
    hint: 'Run `pulumi up` first; until then leave redis.tls out.',
  });
}
