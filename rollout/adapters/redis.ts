/** The one way to the fleet's control database: where it is, and how it is spoken to. */
import type { RedisClientType } from 'redis';
import { FleetError, reasonOf } from '../../lib/errors.ts';

export type RedisPlace = {
  readonly host: string;
  readonly port: number;
  readonly database: number;
  /** Absent: it asks for none. Never shown. */
  readonly password?: string;
  /** Absent: it is spoken to in clear. */
  readonly tls?: RedisTls;
};

/**
 * Whom a certificate must come from. `own`: the authority of this one server (PEM), so that whoever it vouches for is that server:
 * Memorystore gives each instance an authority of its own and says to verify the chain to it
 * (cloud.google.com/memorystore/docs/redis/about-in-transit-encryption); its certificates name no host in a form that Node takes
 * (envoyproxy/ratelimit, pull request 409). `public`: authorities that vouch for others too, so that the certificate must also name
 * the host; without `authorities` (PEM) those that the machine trusts.
 */
export type RedisTls =
  | { readonly kind: 'own'; readonly authorities: string }
  | { readonly kind: 'public'; readonly authorities?: string };

const CONNECT_MS = 2_000;

/** `10.0.0.3:6379/5` and the control database → where the lock lives; undefined when it is not of that form. */
export function redisPlace(text: string, database: number): RedisPlace | undefined {
  const [, host, port] = /^(.+):(\d+)\/\d+$/.exec(text) ?? [];
  return host === undefined ? undefined : { host, port: Number(port), database };
}

/** Opens the control database. Rejects with `retry` and code `redis-unreachable` or `redis-refused`, or `stop` and code
 * `redis-untrusted`. */
export async function connectRedis(place: RedisPlace): Promise<RedisClientType> {
  const { host, port, database, password, tls } = place;
  const { createClient } = await import('redis');
  let last: unknown;
  const client: RedisClientType = createClient({
    socket: {
      ...(tls === undefined ? {} : { tls: true, ...tlsOptions(tls) }),
      ...{ host, port, connectTimeout: CONNECT_MS },
      // A certificate does not get better by asking again.
      reconnectStrategy: (retries: number, cause: Error) =>
        isMistrust(cause) ? cause : retries === 0 ? 100 : 1_000,
    },
    database,
    ...(password === undefined ? {} : { password }),
    disableOfflineQueue: true,
  }) as RedisClientType;
  // Errors of a connected client show as failed renewals; without a listener they would end the process.
  client.on('error', (error: unknown) => {
    last = error;
  });
  try {
    await inTime(client.connect(), place);
    return client;
  } catch (error) {
    client.destroy();
    if (isMistrust(last)) throw untrusted(place, last);
    throw (await isRefusal(last)) ? refused(place, last) : error;
  }
}

function tlsOptions(tls: RedisTls) {
  const ca = tls.authorities === undefined ? {} : { ca: tls.authorities };
  // Node calls it once the chain is verified, and only then.
  return tls.kind === 'own' ? { ...ca, checkServerIdentity: () => undefined } : ca;
}

/** What Node says of a certificate that it does not take (its documentation of TLS, "X509 certificate error codes"). */
const MISTRUST: ReadonlySet<unknown> = new Set([
  'CERT_CHAIN_TOO_LONG',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REJECTED',
  'CERT_REVOKED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'HOSTNAME_MISMATCH',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

function isMistrust(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && MISTRUST.has(error.code);
}

/** Never taken for a Redis that is away: then a rollout would go on with a lock on its own machine only. */
function untrusted({ host, port, tls }: RedisPlace, cause: Error): FleetError {
  return new FleetError({
    kind: 'stop',
    code: 'redis-untrusted',
    message: `Redis ${host}:${port} shows a certificate that is not to be trusted: ${reasonOf(cause)}`,
    hint:
      tls?.kind === 'own'
        ? 'If Memorystore has a new authority, `pulumi up` tells it to rollouts; otherwise something else answers there.'
        : 'Name its authority as redis.caFile, and the host as its certificate does; otherwise something else answers there.',
    cause,
  });
}

/** An answer that says no, such as WRONGPASS, NOAUTH or READONLY. */
async function isRefusal(cause: unknown): Promise<boolean> {
  const { ErrorReply } = await import('redis');
  return cause instanceof ErrorReply;
}

/** It is there, so whoever began a rollout with a lock of their own would be alone with it: never taken for one that is away. */
function refused({ host, port }: Pick<RedisPlace, 'host' | 'port'>, cause: unknown): FleetError {
  return new FleetError({
    kind: 'retry',
    code: 'redis-refused',
    message: `Redis ${host}:${port} refuses: ${reasonOf(cause)}`,
    hint: 'See that the password is the one that Redis has now, and that this Redis is a primary.',
    cause,
  });
}

/** An answer of Redis, or a rejection with `retry` and code `redis-unreachable` or `redis-refused`: it never waits for long. */
export async function inTime<T>(answer: Promise<T>, place: Pick<RedisPlace, 'host' | 'port'>): Promise<T> {
  const deadline = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error('no answer')), CONNECT_MS).unref();
  });
  try {
    return await Promise.race([answer, deadline]);
  } catch (cause) {
    if (await isRefusal(cause)) throw refused(place, cause);
    throw new FleetError({
      kind: 'retry',
      code: 'redis-unreachable',
      message: `Redis ${place.host}:${place.port} cannot be reached: ${reasonOf(cause)}`,
      cause,
    });
  }
}
