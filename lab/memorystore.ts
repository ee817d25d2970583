/** Memorystore for Redis (API v1): create, get, list and delete instances; each is a real redis-server behind `RedisServers`. */
import { randomUUID, X509Certificate } from 'node:crypto';
import { reasonOf } from '../lib/errors.ts';
import type { Lab } from './context.ts';
import { newId, timestamp } from './context.ts';
import type { Reply } from './http/reply.ts';
import { ok } from './http/reply.ts';
import { invalid, notFound, refuse, unsupported } from './refusal.ts';
import type { Json } from './types.ts';

const PATH =
  /^\/redis\/v1\/projects\/([^/]+)\/locations\/([^/]+)(?:\/(instances|operations)(?:\/([^/]+)(\/authString)?)?)?$/;

/** Fields of google.cloud.redis.v1.Instance that a client may set. */
const SETTABLE: ReadonlySet<string> = new Set([
  'name',
  'displayName',
  'labels',
  'locationId',
  'redisVersion',
  'tier',
  'memorySizeGb',
  'authorizedNetwork',
  'connectMode',
  'redisConfigs',
  'reservedIpRange',
  'authEnabled',
  'transitEncryptionMode',
]);
/** google.cloud.redis.v1.Instance.TransitEncryptionMode */
const ENCRYPTION: readonly unknown[] = ['DISABLED', 'SERVER_AUTHENTICATION'];

export const isRedisPath = (path: string): boolean => path.startsWith('/redis/v1/');

/** Answers one request; `body` is parsed JSON or undefined. */
export function handleRedis(lab: Lab, method: string, url: URL, body: unknown): Reply {
  const found = PATH.exec(url.pathname);
  const [, project, location = '', collection, id, auth] = found ?? [];
  if (found === null || collection === undefined) throw unsupported(`redis ${method} ${url.pathname}`);
  if (project !== lab.project) throw notFound(`projects/${project}`);
  const parent = `projects/${project}/locations/${location}`;
  if (collection === 'operations' && id !== undefined && method === 'GET')
    return ok(one(lab.state.redisOperations, `${parent}/operations/${id}`));
  if (auth !== undefined && method === 'GET') return ok(authString(lab, `${parent}/instances/${id}`));
  if (collection !== 'instances' || auth !== undefined) throw unsupported(`redis.${collection} by ${method}`);
  if (id === undefined && method === 'GET') return ok({ instances: listIn(lab, location, parent) });
  if (id === undefined && method === 'POST')
    return ok(create(lab, parent, url.searchParams.get('instanceId') ?? '', (body ?? {}) as Json));
  if (id !== undefined && method === 'GET') return ok(one(lab.state.redis, `${parent}/instances/${id}`));
  if (id !== undefined && method === 'DELETE') return ok(remove(lab, parent, id));
  throw unsupported(`redis.instances by ${method}`);
}

function one(table: Readonly<Record<string, Json>>, name: string): Json {
  const found = table[name];
  if (found === undefined) throw notFound(name);
  return found;
}

/** As Memorystore's: a UUID, which stays as long as the instance asks for one. */
function authString(lab: Lab, name: string): Json {
  one(lab.state.redis, name);
  return { authString: lab.state.redisPasswords?.[name] ?? '' };
}

/** Location `-` lists all of them. */
function listIn(lab: Lab, location: string, parent: string): Json[] {
  return Object.entries(lab.state.redis)
    .filter(([name]) => location === '-' || name.startsWith(`${parent}/`))
    .map(([, instance]) => instance);
}

function create(lab: Lab, parent: string, id: string, body: Json): Json {
  if (!/^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$/.test(id))
    throw invalid('instance_id', id, 'Must match [a-z][-a-z0-9]{0,39}.');
  const unknown = Object.keys(body).find((key) => !SETTABLE.has(key));
  if (unknown !== undefined)
    throw refuse(
      400,
      'badRequest',
      `Invalid JSON payload received. Unknown name "${unknown}" at 'instance': Cannot find field.`,
    );
  const { transitEncryptionMode = 'DISABLED' } = body;
  if (!ENCRYPTION.includes(transitEncryptionMode))
    throw invalid(
      'instance.transit_encryption_mode',
      transitEncryptionMode,
      `Must be ${ENCRYPTION.join(' or ')}.`,
    );
  if (!Number.isInteger(body.memorySizeGb))
    throw invalid('instance.memory_size_gb', body.memorySizeGb ?? '', 'Must be a whole number.');
  const name = `${parent}/instances/${id}`;
  if (lab.state.redis[name] !== undefined)
    throw refuse(409, 'alreadyExists', `Resource '${name}' already exists`);
  lab.state.redis[name] = {
    redisVersion: 'REDIS_7_2',
    tier: 'BASIC',
    connectMode: 'DIRECT_PEERING',
    redisConfigs: {},
    transitEncryptionMode,
    ...body,
    name,
    createTime: timestamp(lab),
    state: 'CREATING',
  };
  if (body.authEnabled === true)
    lab.state.redisPasswords = { ...lab.state.redisPasswords, [name]: randomUUID() };
  return operation(lab, parent, name, 'create', () => start(lab, name));
}

/** Name of the server behind an instance: location and id, unique in the lab. */
const serverOf = (name: string): string => {
  const [, , , location = '', , id = ''] = name.split('/');
  return `${location}-${id}`;
};

const configOf = (instance: Json | undefined): Record<string, string> =>
  (instance?.redisConfigs ?? {}) as Record<string, string>;

async function start(lab: Lab, name: string): Promise<Json> {
  const password = lab.state.redisPasswords?.[name];
  const instance = lab.state.redis[name];
  const tls = instance?.transitEncryptionMode === 'SERVER_AUTHENTICATION';
  const wish = { config: configOf(instance), password, tls };
  const { host, port, authority } = await lab.redis.start(serverOf(name), wish);
  const location = name.split('/')[3] ?? '';
  const ready: Json = {
    ...instance,
    host,
    port,
    ...(authority === undefined ? {} : { serverCaCerts: [serverCaCert(authority)] }),
    currentLocationId: `${location}-a`,
    persistenceIamIdentity: `serviceAccount:lab@${lab.project}.iam.gserviceaccount.com`,
    state: 'READY',
  };
  lab.state.redis[name] = ready;
  lab.store.changed();
  return { '@type': 'type.googleapis.com/google.cloud.redis.v1.Instance', ...ready };
}

/** google.cloud.redis.v1.TlsCertificate */
function serverCaCert(cert: string): Json {
  const { serialNumber, validFromDate, validToDate, fingerprint } = new X509Certificate(cert);
  return {
    cert,
    serialNumber,
    createTime: validFromDate.toISOString(),
    expireTime: validToDate.toISOString(),
    sha1Fingerprint: fingerprint.replaceAll(':', '').toLowerCase(),
  };
}

function remove(lab: Lab, parent: string, id: string): Json {
  const name = `${parent}/instances/${id}`;
  lab.state.redis[name] = { ...one(lab.state.redis, name), state: 'DELETING' };
  return operation(lab, parent, name, 'delete', () => stop(lab, name));
}

async function stop(lab: Lab, name: string): Promise<Json> {
  await lab.redis.stop(serverOf(name));
  delete lab.state.redis[name];
  delete lab.state.redisPasswords?.[name];
  lab.store.changed();
  return { '@type': 'type.googleapis.com/google.protobuf.Empty' };
}

type Act = () => Promise<Json>;

function operation(lab: Lab, parent: string, target: string, verb: string, act: Act): Json {
  const name = `${parent}/operations/operation-${newId(lab)}`;
  const createTime = timestamp(lab);
  const metadata = {
    '@type': 'type.googleapis.com/google.cloud.common.OperationMetadata',
    createTime,
    target,
    verb,
    cancelRequested: false,
    apiVersion: 'v1',
  };
  const begun: Json = { name, metadata, done: false };
  lab.state.redisOperations[name] = begun;
  lab.store.changed();
  void finish(lab, begun, metadata, act);
  return begun;
}

async function finish(lab: Lab, begun: Json, metadata: Json, act: Act): Promise<void> {
  const name = String(begun.name);
  try {
    await lab.clock.sleep(lab.timing.operationMs, lab.closing);
  } catch {
    return; // the endpoint closes: the next run of the lab takes it up
  }
  const outcome = await act().then(
    (response) => ({ response }),
    (error: unknown) => ({ error: { code: 13, message: reasonOf(error) } }),
  );
  const endTime = timestamp(lab);
  lab.state.redisOperations[name] = { ...begun, metadata: { ...metadata, endTime }, done: true, ...outcome };
  lab.store.changed();
}

/** After a start of the lab: servers of READY instances run again, what was under way is finished. */
export async function resumeRedis(lab: Lab): Promise<void> {
  for (const [name, { state }] of Object.entries(lab.state.redis))
    if (state === 'READY') await start(lab, name);
  for (const begun of Object.values(lab.state.redisOperations)) {
    if (begun.done) continue;
    const metadata = begun.metadata as Json;
    const target = String(metadata.target);
    void finish(lab, begun, metadata, () =>
      metadata.verb === 'create' ? start(lab, target) : stop(lab, target),
    );
  }
}
