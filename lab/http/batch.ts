/** `POST /batch/compute/v1`: several requests in one, as gcloud sends them (multipart/mixed, parts of `application/http`). */
import { refuse } from '../refusal.ts';
import { splitParts } from '../storage/upload.ts';
import type { ApiRequest } from './compute.ts';
import type { Reply } from './reply.ts';

type Answer = (request: ApiRequest) => Promise<Reply>;

/** GCE takes at most this many. */
const MOST_PARTS = 1000;

export async function handleBatch(
  contentType: string,
  body: Buffer,
  origin: string,
  answer: Answer,
): Promise<Reply> {
  const boundary = /boundary="?([^";]+)"?/.exec(contentType)?.[1];
  if (boundary === undefined) throw refuse(400, 'badRequest', 'A batch request needs a boundary.');
  const parts = splitParts(body, boundary);
  if (parts.length > MOST_PARTS)
    throw refuse(400, 'badRequest', `The batch has more than ${MOST_PARTS} requests.`);
  const answers = await Promise.all(
    parts.map(async (part) => writePart(part.head, await answer(readInner(part.body.toString(), origin)))),
  );
  const mark = 'batch_rtpfleet';
  const text = `${answers.map((each) => `--${mark}\r\n${each}\r\n`).join('')}--${mark}--\r\n`;
  return { status: 200, headers: { 'content-type': `multipart/mixed; boundary=${mark}` }, body: { text } };
}

/** A part is a whole HTTP request: request line, headers, empty line, body. */
function readInner(text: string, origin: string): ApiRequest {
  const [head = '', ...rest] = text.trimStart().split(/\r?\n\r?\n/);
  const [method, target] = (head.split(/\r?\n/)[0] ?? '').split(' ');
  if (method === undefined || target === undefined)
    throw refuse(400, 'badRequest', 'A part of the batch is no HTTP request.');
  return { method, url: new URL(target, origin), text: rest.join('\n\n'), origin };
}

function writePart(head: string, reply: Reply): string {
  const id = /^content-id:\s*<?([^>\r\n]+)>?/im.exec(head)?.[1] ?? '';
  const json = reply.body && 'json' in reply.body ? JSON.stringify(reply.body.json) : '';
  const lines = [
    'Content-Type: application/http',
    `Content-ID: <response-${id}>`,
    '',
    `HTTP/1.1 ${reply.status} ${reply.status < 400 ? 'OK' : 'Error'}`,
    'Content-Type: application/json; charset=UTF-8',
    `Content-Length: ${Buffer.byteLength(json)}`,
    '',
    json,
  ];
  return lines.join('\r\n');
}
