/** The front of the lab: takes HTTP requests, lets faults strike, hands them to who answers, writes the answer. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Lab } from '../context.ts';
import type { Fault } from '../faults.ts';
import { handleRedis, isRedisPath } from '../memorystore.ts';
import { errorBody } from '../refusal.ts';
import { handleSecrets, isSecretPath } from '../secrets.ts';
import { createStorageServer, isStoragePath } from '../storage/server.ts';
import { handleAdmin, isAdminPath } from './admin.ts';
import { handleBatch } from './batch.ts';
import type { ApiRequest, ComputeApi } from './compute.ts';
import { createComputeApi } from './compute.ts';
import type { Reply } from './reply.ts';
import { parseBody, readBody, refusalReply } from './reply.ts';

/** A reply, or what a fault makes of it: no answer, ever. */
type Outcome = Reply | 'hang' | 'reset';

export type Front = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** `report` is told of bugs: errors that are no refusals. */
export function createFront(lab: Lab, checkAnswers: boolean, report: (error: unknown) => void): Front {
  const compute = createComputeApi(lab, checkAnswers);
  const storage = createStorageServer(lab);

  const answer = async (request: IncomingMessage, url: URL, origin: string): Promise<Outcome> => {
    const method = request.method ?? 'GET';
    if (isStoragePath(url.pathname))
      return underFault(lab, [`${method} ${url.pathname}`], () => storage(request, url, origin));
    const body = await readBody(request);
    if (url.pathname === '/batch/compute/v1')
      return handleBatch(request.headers['content-type'] ?? '', body, origin, (part) =>
        inBatch(lab, compute, part, report),
      );
    const text = body.toString();
    if (isAdminPath(url.pathname)) return await handleAdmin(lab, method, url.pathname, text);
    if (isRedisPath(url.pathname))
      return underFault(lab, [`${method} ${url.pathname}`], async () => {
        const reply = handleRedis(lab, method, url, parseBody(text));
        await lab.store.saved();
        return reply;
      });
    if (isSecretPath(url.pathname))
      return underFault(lab, [`${method} ${url.pathname}`], async () => {
        const reply = handleSecrets(lab, method, url, parseBody(text));
        await lab.store.saved();
        return reply;
      });
    return oneCall(lab, compute, { method, url, text, origin });
  };

  return async (request, response) => {
    const origin = `http://${request.headers.host ?? '127.0.0.1'}`;
    const url = new URL(request.url ?? '/', origin);
    const outcome = await answer(request, url, origin).catch((error: unknown) => replyTo(error, report));
    request.resume();
    await write(response, outcome);
  };
}

function replyTo(error: unknown, report: (error: unknown) => void): Reply {
  const reply = refusalReply(error);
  if (reply !== undefined) return reply;
  report(error);
  return {
    status: 500,
    body: { json: errorBody(500, 'backendError', 'The lab has a bug; its log has the details.') },
  };
}

function oneCall(lab: Lab, compute: ComputeApi, request: ApiRequest): Promise<Outcome> {
  const apiName = compute.match(request)?.route.apiName;
  const line = `${request.method} ${request.url.pathname}`;
  const names = apiName === undefined ? [line] : [apiName, line];
  return underFault(lab, names, (fault) => compute.handle(request, fault?.operation));
}

/** A part of a batch has an answer of its own; a connection cannot be reset for a part, so the fault shows as 503. */
async function inBatch(
  lab: Lab,
  compute: ComputeApi,
  request: ApiRequest,
  report: (error: unknown) => void,
): Promise<Reply> {
  const outcome = await oneCall(lab, compute, request).catch((error: unknown) => replyTo(error, report));
  if (typeof outcome === 'object') return outcome;
  return { status: 503, body: { json: errorBody(503, 'backendError', 'A fault was asked for.') } };
}

async function underFault(
  lab: Lab,
  names: readonly string[],
  act: (fault: Fault | undefined) => Promise<Reply>,
): Promise<Outcome> {
  const fault = lab.faults.strike(...names);
  if (fault?.delayMs) await lab.clock.sleep(fault.delayMs, lab.closing);
  if (fault?.hang) return 'hang';
  if (fault?.reset) return 'reset';
  if (fault?.status !== undefined) {
    const reason = fault.reason ?? (fault.status >= 500 ? 'backendError' : 'badRequest');
    return {
      status: fault.status,
      body: { json: errorBody(fault.status, reason, fault.message ?? 'A fault was asked for.') },
    };
  }
  const reply = await act(fault);
  return fault?.loseReply ? 'reset' : reply;
}

async function write(response: ServerResponse, outcome: Outcome): Promise<void> {
  if (outcome === 'hang') return;
  if (outcome === 'reset') {
    response.socket?.resetAndDestroy();
    return;
  }
  const { status, headers = {}, body } = outcome;
  if (body !== undefined && 'stream' in body) {
    response.writeHead(status, headers);
    await pipeline(body.stream, response).catch(() => response.destroy());
    return;
  }
  const text = body === undefined ? '' : 'text' in body ? body.text : JSON.stringify(body.json);
  const type =
    body !== undefined && 'json' in body ? { 'content-type': 'application/json; charset=UTF-8' } : {};
  response.writeHead(status, { ...type, 'content-length': Buffer.byteLength(text), ...headers });
  response.end(text);
}
