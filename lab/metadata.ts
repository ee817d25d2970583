/**
 * The metadata server: HTTP at 169.254.169.254 as Compute Engine's, for every machine of the lab. It knows a machine by the address
 * that it asks from. What it says comes from `MetadataSource`; how it says it is `lab/metadata/answer.ts`.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Server, Socket } from 'node:net';
import { text as bodyText } from 'node:stream/consumers';
import { type Answer, accountOfToken, answer, isChange, refusal } from './metadata/answer.ts';
import { type MetadataQuery, parseQuery } from './metadata/query.ts';
import type { MetadataSource } from './ports.ts';

export type MetadataServer = {
  /** Serves the connections of a listening socket, which may live in another network namespace. */
  readonly serve: (socket: Server) => void;
  /** Ends every connection and waiting request, and closes the sockets. */
  readonly close: () => Promise<void>;
};

/** Namespace and key of a guest attribute, and the size of its value (GCE: 256 KiB in all). */
const ATTRIBUTE_NAME = /^[A-Za-z0-9_.-]{1,128}$/;
const ATTRIBUTE_BYTES = 256 * 1024;

export function createMetadataServer(source: MetadataSource): MetadataServer {
  const http = createServer((request, response) => {
    reply(source, request, response).then(
      (result) => send(response, result),
      () => send(response, refusal(500, 'The metadata server of the lab failed.')),
    );
  });
  const sockets: Server[] = [];
  const connections = new Set<Socket>();
  return {
    serve: (socket) => {
      sockets.push(socket);
      socket.on('connection', (connection: Socket) => {
        connections.add(connection);
        connection.once('close', () => connections.delete(connection));
        http.emit('connection', connection);
      });
    },
    close: async () => {
      const closed = sockets.map((socket) => new Promise<void>((resolve) => socket.close(() => resolve())));
      for (const connection of connections) connection.destroy();
      await Promise.all(closed);
    },
  };
}

async function reply(
  source: MetadataSource,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Answer> {
  const url = request.url ?? '/';
  const path = url.split('?')[0] ?? url;
  const api = source.api?.(request.method ?? 'GET', path, request.headers.authorization);
  if (api !== undefined)
    return { status: api.status, type: 'application/json', body: JSON.stringify(api.json) };
  const query = parseQuery(url);
  const signpost = SIGNPOSTS[path];
  if (signpost !== undefined) return signpost;
  if (query === undefined) return refusal(404, `Error 404: no metadata at ${path}`);
  const forbidden = whyForbidden(request);
  if (forbidden !== undefined) return refusal(403, forbidden);
  if ('bad' in query) return refusal(400, `Invalid parameter ${query.bad}`);
  const address = (request.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  if (request.method === 'PUT') return put(source, address, query, request);
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return refusal(405, `Method ${request.method} is not allowed.`);
  const now = (): Answer => read(source, address, query);
  return query.waitForChange ? changed(source, query, now, response) : now();
}

/** What can be asked without the header; clients find out by it whether they are on Compute Engine. */
const SIGNPOSTS: Readonly<Record<string, Answer>> = {
  '/': { status: 200, type: 'application/text', body: 'computeMetadata/\n' },
  '/computeMetadata': { ...refusal(301, 'Moved Permanently'), location: '/computeMetadata/' },
  '/computeMetadata/': { status: 200, type: 'application/text', body: 'v1/\n' },
  '/computeMetadata/v1': { ...refusal(301, 'Moved Permanently'), location: '/computeMetadata/v1/' },
};

function whyForbidden({ headers }: IncomingMessage): string | undefined {
  if (headers['x-forwarded-for'] !== undefined)
    return 'Your client does not have permission: requests with X-Forwarded-For are refused.';
  if (headers['metadata-flavor']?.toString().toLowerCase() === 'google') return undefined;
  return 'Your client does not have permission: missing Metadata-Flavor:Google header.';
}

function read(source: MetadataSource, address: string, query: MetadataQuery): Answer {
  const tree = source.tree(address);
  if (tree === undefined) return refusal(404, `Error 404: the lab has no machine at ${address}`);
  const account = accountOfToken(query.path);
  const token = account === undefined ? undefined : source.token?.(address, account);
  if (token !== undefined) return { status: 200, type: 'application/json', body: JSON.stringify(token) };
  return answer(tree, query);
}

/** `instance/guest-attributes/<namespace>/<key>`. */
async function put(
  source: MetadataSource,
  address: string,
  { path }: MetadataQuery,
  request: IncomingMessage,
): Promise<Answer> {
  const value = await bodyText(request);
  const [instance, directory, namespace = '', key = ''] = path;
  if (instance !== 'instance' || directory !== 'guest-attributes' || path.length !== 4)
    return refusal(405, 'Only guest attributes can be written: instance/guest-attributes/NAMESPACE/KEY.');
  if (!ATTRIBUTE_NAME.test(namespace) || !ATTRIBUTE_NAME.test(key))
    return refusal(400, `Invalid guest attribute ${namespace}/${key}`);
  if (Buffer.byteLength(value) > ATTRIBUTE_BYTES) return refusal(400, 'The value is longer than 256 KiB.');
  return source.putGuestAttribute(address, namespace, key, value)
    ? { status: 200, type: 'text/html; charset=UTF-8', body: '' }
    : refusal(403, 'Guest attributes endpoint access is disabled.');
}

/** The contents once they change, once `timeout_sec` is over (then as they are), or at once if the client knows less. */
function changed(
  source: MetadataSource,
  query: MetadataQuery,
  now: () => Answer,
  response: ServerResponse,
): Promise<Answer> {
  const first = now();
  if (isChange(query, first, first.etag)) return Promise.resolve(first);
  return new Promise((resolve) => {
    const unsubscribe = source.onChange(() => {
      if (isChange(query, now(), first.etag)) finish();
    });
    const timer =
      query.timeoutSec === undefined ? undefined : setTimeout(() => finish(), query.timeoutSec * 1000);
    const finish = (): void => {
      unsubscribe();
      clearTimeout(timer);
      resolve(now());
    };
    response.once('close', finish);
  });
}

function send(response: ServerResponse, result: Answer): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(result.status, {
    'Content-Type': result.type,
    'Content-Length': Buffer.byteLength(result.body),
    'Metadata-Flavor': 'Google',
    Server: 'Metadata Server for VM',
    'X-XSS-Protection': '0',
    'X-Frame-Options': 'SAMEORIGIN',
    ...(result.etag === undefined ? {} : { ETag: result.etag }),
    ...(result.location === undefined ? {} : { Location: result.location }),
  });
  response.end(response.req.method === 'HEAD' ? undefined : result.body);
}
