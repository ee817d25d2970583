/** The clients of @google-cloud/compute: made on first use, kept, spoken to in one shape. */
import { createRequire } from 'node:module';
import { FleetError, reasonOf } from '../errors.ts';
import type { GceService, RawClient } from './services.ts';
import { clientModule } from './services.ts';

const require = createRequire(import.meta.url);

/** Which project, and where: without an endpoint, at Google's. */
type Target = { readonly project: string; readonly endpoint?: string | undefined };

type ClientPool = ((service: GceService) => Promise<RawClient>) & { readonly close: () => Promise<void> };

/** Clients made on first use and kept; each is initialised before it is used, so that missing credentials reject. */
export function clientPool(options: Target): ClientPool {
  const clients = new Map<GceService, Promise<RawClient>>();
  const open = async (service: GceService): Promise<RawClient> => {
    const { path, className } = clientModule(service);
    const Client = (require(path) as Record<string, new (options: object) => RawClient>)[className];
    if (Client === undefined) throw new TypeError(`${path} has no ${className}`);
    const client = new Client(clientOptions(options));
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
  };
  const pool = (service: GceService): Promise<RawClient> => {
    const known = clients.get(service) ?? open(service);
    clients.set(service, known);
    return known;
  };
  const close = async () => {
    await Promise.allSettled([...clients.values()].map(async (client) => (await client).close()));
  };
  return Object.assign(pool, { close });
}

/** Host and port must be given apart (a port inside `apiEndpoint` is ignored), and the client must not look for credentials. */
function clientOptions({ project, endpoint }: Target): object {
  if (endpoint === undefined) return { projectId: project };
  const url = new URL(endpoint);
  const { PassThroughClient } = require('google-auth-library') as typeof import('google-auth-library');
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
  const protocol = url.protocol.replace(':', '');
  return {
    projectId: project,
    apiEndpoint: url.hostname,
    port,
    protocol,
    authClient: new PassThroughClient(),
  };
}

/** One attempt, in one shape: all items of a list, the operation of a mutation, else the resource. */
export async function send(client: RawClient, method: string, request: object, timeout: number) {
  const call = client[method];
  if (call === undefined) throw new TypeError(`no such call: ${method}`);
  // An empty list of codes switches gax's own retries off.
  const answer = call.call(client, request, { timeout, retry: { retryCodes: [], backoffSettings: {} } });
  if (!(answer instanceof Promise)) return gather(answer as AsyncIterable<unknown>);
  const [first] = (await answer) as readonly [{ readonly latestResponse?: unknown }];
  return first.latestResponse ?? first;
}

async function gather(pages: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const item of pages) all.push(item);
  return all;
}
