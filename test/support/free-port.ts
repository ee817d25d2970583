import { createServer } from 'node:net';
import { freshLoopback } from './loopback.ts';

/** A TCP port of the address that nobody listens on now, and nobody else will: no other test has the address. */
export function freePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, host, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** Where nobody listens. */
export async function deadPlace(): Promise<{ readonly host: string; readonly port: number }> {
  const host = freshLoopback();
  return { host, port: await freePort(host) };
}
