/** The clients of @google-cloud/compute: made on first use, kept, spoken to in one shape. */
import { createRequire } from 'node:module';
import { FleetError, reasonOf } from '../errors.ts';
import { createAuth } from './auth.ts';
import type { GceService, RawClient } from './services.ts';
import { clientModule } from './services.ts';

const require = createRequire(import.meta.url);

/** Which project, and where: without an endpoint, at Google's. */
type Target = { readonly project: string; readonly endpoint?: string | undefined };

type ClientPool = ((service: GceService) => Promise<RawClient>) & { readonly close: () => Promise<void> };

/** Clients made on first use and kept; each is initialised before it is used, so that missing credentials reject. */
export function clientPool(target: Target): ClientPool {
  const options = clientOptions(target);
  const clients = new Map<GceService, Promise<RawClient>>();
  const pool = (service: GceService): Promise<RawClient> => {
    const known = clients.get(service);
    if (known !== undefined) return known;
    const opened = openClient(service, options);
    clients.set(service, opened);
    opened.catch(() => clients.delete(service));
    return opened;
  };
  const close = async () => {
    await Promise.allSettled([...clients.values()].map(async (client) => (await client).close()));
  };
  return Object.assign(pool, { close });
}

async function openClient(service: GceService, options: object): Promise<RawClient> {
  const { path, className } = clientModule(service);
  const Client = (require(path) as Record<string, new (options: object) => RawClient>)[className];
  if (Client === undefined) throw new TypeError(`${path} has no ${className}`);
  const client = new Client(options);
  await client.initialize().catch((cause: unknown) => {
    throw new FleetError({
      kind: 'stop',
      code: 'gce-denied',
      message: `No credentials for Google Cloud: ${reasonOf(cause)}`,
      hint: 'Run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS.',
      cause,
    });
  });
  return client;
}

/** Host and port must be given apart: a port inside `apiEndpoint` is ignored. */
function clientOptions({ project, endpoint }: Target): object {
  const common = { projectId: project, auth: createAuth(project, endpoint) };
  if (endpoint === undefined) return common;
  const url = checkedEndpoint(endpoint);
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
  return { ...common, apiEndpoint: url.hostname, port, protocol: url.protocol.replace(':', '') };
}

function checkedEndpoint(endpoint: string): URL {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol)) return url;
  throw new FleetError({
    kind: 'usage',
    code: 'endpoint-form',
    message: `${JSON.stringify(endpoint)} is no endpoint of GCE's API`,
    hint: 'Write its URL with --endpoint or in RTPFLEET_ENDPOINT, for example http://127.0.0.1:8911, or leave both out for Google.',
    facts: { endpoint },
  });
}

/** An empty list of codes switches gax's own retries off. */
const NO_RETRY = { retryCodes: [], backoffSettings: {} };

/** One attempt, in one shape: all items of a list, the operation of a mutation, else the resource. */
export async function send(client: RawClient, method: string, request: object, timeout: number) {
  const call = client[method];
  if (call === undefined) throw new TypeError(`no such call: ${method}`);
  const pages = method.endsWith('Async') ? { autoPaginate: false } : {};
  const answer = call.call(client, request, { ...pages, timeout, retry: NO_RETRY });
  if (!(answer instanceof Promise)) return gather(answer as AsyncIterable<unknown>);
  const [first] = (await answer) as readonly [{ readonly latestResponse?: unknown }];
  return first.latestResponse ?? first;
}

async function gather(pages: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const item of pages) all.push(item);
  return all;
}
