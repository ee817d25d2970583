/** JSON-RPC 2.0 over HTTP POST, as Kamailio (jsonrpcs) and OpenSIPS (mi_http) speak it. */
import { FleetError, reasonOf } from '../../../lib/errors.ts';
import { isRecord } from '../../../lib/record.ts';

/** Enabling a relay makes Kamailio ping it, by default five times one second. */
const PATIENCE_MS = 10_000;

/** Code of what the proxy itself answered as an error, a fact of the FleetError `proxy-refused`. */
export type RpcError = { readonly code: number; readonly message: string };

/** Calls one method. Rejects with FleetError `proxy-silent` (retry), `proxy-answer` (stop) for what is no JSON-RPC, or
 * `proxy-refused` (hold) with the proxy's own code among its facts. */
export async function callProxy(url: string, method: string, params: unknown): Promise<unknown> {
  const answer = await post(url, JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }));
  if (!isRecord(answer) || !('result' in answer || 'error' in answer)) throw noRpc(url);
  if (!('error' in answer)) return answer.result;
  const { code, message } = errorOf(answer.error);
  throw new FleetError({
    kind: 'hold',
    code: 'proxy-refused',
    message: `The proxy at ${url} refused ${method}: ${code} ${message}.`,
    hint: 'Its rtpengine module must be loaded, and its JSON-RPC open to this machine.',
    facts: { rpcCode: code },
  });
}

async function post(url: string, body: string): Promise<unknown> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      redirect: 'error',
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    return parse(await response.text());
  } catch (cause) {
    throw new FleetError({
      kind: 'retry',
      code: 'proxy-silent',
      message: `The proxy at ${url} does not answer: ${reasonOf(cause)}.`,
      hint: 'Is it running, and does its firewall let this machine reach it? A proxy that is gone for good belongs out of `proxies` in the fleet file.',
      cause,
    });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function errorOf(error: unknown): RpcError {
  if (!isRecord(error)) return { code: 0, message: 'no reason given' };
  return { code: Number(error.code ?? 0), message: String(error.message ?? 'no reason given') };
}

function noRpc(url: string): FleetError {
  return new FleetError({
    kind: 'stop',
    code: 'proxy-answer',
    message: `What answers at ${url} speaks no JSON-RPC.`,
    hint: 'Name the URL of Kamailio’s jsonrpc_dispatch() (xhttp) or of OpenSIPS’ mi_http in `proxies` of the fleet file.',
  });
}
