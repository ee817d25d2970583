/**
 * Secret Manager (API v1): secrets with their versions, and who may read them. Whoever asks at the lab's own endpoint may do all; a machine
 * shows its token, and gets what its account was granted.
 */
import type { Lab } from './context.ts';
import { fingerprintOf, projectNumber, timestamp } from './context.ts';
import type { Reply } from './http/reply.ts';
import { ok } from './http/reply.ts';
import { invalid, notFound, refuse, unsupported } from './refusal.ts';
import type { SecretRecord } from './state.ts';
import type { Caller } from './tokens.ts';
import type { Json } from './types.ts';

const PATH =
  /^\/v1\/projects\/([^/]+)\/secrets(?:\/([^/:]+)(?:\/versions\/([^/:]+))?)?(?::(addVersion|access|getIamPolicy|setIamPolicy))?$/;
const SECRET_ID = /^[A-Za-z0-9_-]{1,255}$/;
/** Secret Manager takes no narrower one. */
const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';
const ACCESSOR = 'roles/secretmanager.secretAccessor';

export const isSecretPath = (path: string): boolean => PATH.test(path);

type Request = { readonly method: string; readonly url: URL; readonly body: Json };

/** Answers one request of the lab's own endpoint. */
export function handleSecrets(lab: Lab, method: string, url: URL, body: unknown): Reply {
  const request = { method, url, body: (body ?? {}) as Json };
  const [, project, id, version, verb] = PATH.exec(url.pathname) ?? [];
  if (project !== lab.project) throw notFound(`projects/${project}`);
  const call = [method, id && 'secret', version && 'version', verb].filter(Boolean).join(' ');
  switch (call) {
    case 'POST':
      return ok(create(lab, request));
    case 'GET secret':
      return ok(secretOf(lab, id).resource);
    case 'POST secret addVersion':
      return ok(addVersion(lab, id, request.body));
    case 'GET secret version':
      return ok(versionOf(lab, id, version).resource);
    case 'GET secret version access':
      return ok(access(lab, id, version));
    case 'GET secret getIamPolicy':
      return ok(secretOf(lab, id).policy);
    case 'POST secret setIamPolicy':
      return ok(setPolicy(lab, id, request.body));
    default:
      throw unsupported(`secretmanager ${method} ${url.pathname}`);
  }
}

/** Answers a machine, which may only read, and only what its account was granted. */
export function readSecretAs(lab: Lab, path: string, caller: Caller | undefined): Json {
  const [, project, id, version, verb] = PATH.exec(path) ?? [];
  if (caller === undefined) throw refuse(401, 'authError', 'Request had invalid authentication credentials.');
  if (!caller.scopes.includes(SCOPE))
    throw refuse(403, 'insufficientPermissions', 'Request had insufficient authentication scopes.');
  const secret = project === lab.project && id !== undefined ? lab.state.secrets?.[id] : undefined;
  const bindings = (secret?.policy.bindings ?? []) as readonly {
    readonly role: string;
    readonly members: readonly string[];
  }[];
  const granted = bindings.some(
    ({ role, members }) => role === ACCESSOR && members.includes(`serviceAccount:${caller.email}`),
  );
  if (verb !== 'access' || !granted)
    throw refuse(
      403,
      'forbidden',
      `Permission 'secretmanager.versions.access' denied for resource '${path.replace(/^\/v1\//, '').replace(/:access$/, '')}' (or it may not exist).`,
    );
  return access(lab, id, version);
}

function create(lab: Lab, { url, body }: Request): Json {
  const id = url.searchParams.get('secretId') ?? '';
  if (!SECRET_ID.test(id)) throw invalid('secret_id', id, 'Must match [A-Za-z0-9_-]{1,255}.');
  if (!(body.replication as Json | undefined)?.automatic)
    throw unsupported('secretmanager.secrets.create without automatic replication');
  lab.state.secrets ??= {};
  const name = `projects/${projectNumber(lab.project)}/secrets/${id}`;
  if (lab.state.secrets[id] !== undefined)
    throw refuse(409, 'alreadyExists', `Secret [${name}] already exists.`);
  const resource = { ...body, name, createTime: timestamp(lab) };
  lab.state.secrets[id] = { resource, versions: [], policy: { etag: fingerprintOf({}) } };
  lab.store.changed();
  return resource;
}

function addVersion(lab: Lab, id: string | undefined, { payload }: Json): Json {
  const secret = secretOf(lab, id);
  const data = (payload as Json | undefined)?.data;
  if (typeof data !== 'string' || data === '')
    throw invalid('payload.data', '', 'A version must have a payload.');
  const name = `${secret.resource.name}/versions/${secret.versions.length + 1}`;
  const resource = { name, createTime: timestamp(lab), state: 'ENABLED' };
  secret.versions.push({ resource, data });
  lab.store.changed();
  return resource;
}

function access(lab: Lab, id: string | undefined, version: string | undefined): Json {
  const { resource, data } = versionOf(lab, id, version);
  return { name: resource.name, payload: { data } };
}

/** The text of `projects/…/secrets/…/versions/…`, for the lab's own use. */
export function secretText(lab: Lab, version: string): string {
  const [, project, id, number] = PATH.exec(`/v1/${version}`) ?? [];
  if (project !== lab.project) throw notFound(version);
  return Buffer.from(versionOf(lab, id, number).data, 'base64').toString();
}

function setPolicy(lab: Lab, id: string | undefined, { policy }: Json): Json {
  const secret = secretOf(lab, id);
  const { etag, ...rest } = (policy ?? {}) as Json;
  if (etag !== undefined && etag !== secret.policy.etag)
    throw refuse(409, 'aborted', 'There were concurrent policy changes.');
  secret.policy = { ...rest, etag: fingerprintOf(rest) };
  lab.store.changed();
  return secret.policy;
}

function secretOf(lab: Lab, id: string | undefined): SecretRecord {
  const secret = id === undefined ? undefined : lab.state.secrets?.[id];
  if (secret === undefined) throw notFound(`projects/${lab.project}/secrets/${id}`);
  return secret;
}

function versionOf(
  lab: Lab,
  id: string | undefined,
  version: string | undefined,
): SecretRecord['versions'][number] {
  const { versions } = secretOf(lab, id);
  const found = version === 'latest' ? versions.at(-1) : versions[Number(version) - 1];
  if (found === undefined) throw notFound(`projects/${lab.project}/secrets/${id}/versions/${version}`);
  return found;
}
