/** A listening socket in another network namespace, used from this process. */
import { spawn } from 'node:child_process';
import type { Server } from 'node:net';
import { fileURLToPath } from 'node:url';
import { FleetError } from '../../lib/errors.ts';

/** Listens on address:port inside the namespace. Rejects with code `namespace-listen`. The caller closes the server. */
export function openSocket(namespace: string, address: string, port: number): Promise<Server> {
  const program = fileURLToPath(new URL('./listen-in-namespace.ts', import.meta.url));
  const child = spawn(
    'nsenter',
    [`--net=/run/netns/${namespace}`, process.execPath, program, address, String(port)],
    { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] },
  );
  return new Promise((resolve, reject) => {
    const fail = (why: string): void =>
      reject(
        new FleetError({
          kind: 'stop',
          code: 'namespace-listen',
          message: `Cannot listen on ${address}:${port} in network namespace ${namespace}: ${why}`,
        }),
      );
    child.once('error', (error) => fail(error.message));
    child.once('exit', (code) => fail(`the helper ended with exit code ${code} and sent no socket`));
    child.once('message', (message, server) =>
      server === undefined ? fail(JSON.stringify(message)) : resolve(server as Server),
    );
  });
}
