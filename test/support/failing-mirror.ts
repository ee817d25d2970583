/** The machine's own Debian archive behind a loopback endpoint that fails in the midst of a download. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { debianMirrors, hostCodename, readHostSources } from '../../image-builder/sources.ts';

export type FailingMirror = {
  /** Value of RTPFLEET_DEBIAN_MIRROR. */
  readonly words: string;
  readonly close: () => Promise<void>;
};

/** @param good so many packages it hands out; then 503, as a busy mirror does */
export async function openFailingMirror(good: number): Promise<FailingMirror> {
  const mirrors = debianMirrors(readHostSources(), hostCodename());
  let left = good;
  const server = createServer(({ url = '/' }, response) => {
    const [, which = '', ...path] = url.split('/');
    const target = `${which === 'main' ? mirrors.main : mirrors.security}/${path.join('/')}`;
    if (url.endsWith('.deb') && left-- <= 0) response.writeHead(503).end();
    else forward(target, response).catch(() => response.destroy());
  });
  await new Promise<void>((listening) => void server.listen(0, '127.0.0.1', listening));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    words: `${url}/main ${url}/security`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

async function forward(target: string, response: ServerResponse): Promise<void> {
  const answer = await fetch(target);
  const length = answer.headers.get('content-length');
  response.writeHead(answer.status, length === null ? {} : { 'content-length': length });
  if (answer.body === null) response.end();
  else await pipeline(Readable.fromWeb(answer.body), response);
}
