/** What a handler of the HTTP server answers, and how a request's body is read. */
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { isFleetError } from '../../lib/errors.ts';
import { errorBody, refuse } from '../refusal.ts';

export type Reply = {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A JSON value, or bytes as they are. */
  readonly body?: { readonly json: unknown } | { readonly stream: Readable } | { readonly text: string };
};

export const ok = (json: unknown): Reply => ({ status: 200, body: { json } });

/** A refusal as GCE writes it; undefined: not a refusal but a bug. */
export function refusalReply(error: unknown): Reply | undefined {
  if (!isFleetError(error)) return undefined;
  const status = Number(error.facts.status ?? 500);
  return { status, body: { json: errorBody(status, error.code, error.message) } };
}

/** More than any API request has; archives are streamed, not read. */
const MOST_BYTES = 64 * 2 ** 20;

/** The whole body; longer than 64 MiB is refused. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MOST_BYTES) throw refuse(413, 'uploadTooLarge', 'The request is larger than 64 MiB.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The body as JSON; GCE's clients send `""` for no body. */
export function parseBody(text: string): unknown {
  if (text.trim() === '') return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refuse(400, 'parseError', 'Parse Error: the request body is not JSON.');
  }
  return value === '' ? undefined : value;
}
