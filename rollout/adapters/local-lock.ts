/**
 * One rollout at a time from this machine: a Unix socket that only one process can listen on. The kernel frees it when
 * its owner dies, however it dies; whoever is refused can ask it who that owner is.
 */
import { rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FleetError } from '../../lib/errors.ts';
import type { Lock } from '../ports.ts';
import { describeOwner, type Owner, parseOwner } from './owner.ts';

/** Takes the lock named `name`. Rejects with kind `locked`. */
export async function takeLocalLock(name: string, owner: Owner): Promise<Lock> {
  const path = socketPath(name);
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end(JSON.stringify(owner));
  });
  await listen(server, path);
  server.unref();
  return {
    kind: 'local',
    token: 1,
    detail: 'on this machine',
    check: () => undefined,
    release: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** An owner that ends between the refusal and the question has freed the lock. */
const TRIES = 3;

/** Linux knows names that are no files and vanish with their owner (unix(7), abstract). */
function socketPath(name: string): string {
  const safe = name.replaceAll(/[^A-Za-z0-9.-]+/g, '-').slice(0, 80);
  return process.platform === 'linux' ? `\0rtpfleet-${safe}` : join(tmpdir(), `rtpfleet-${safe}.sock`);
}

async function listen(server: Server, path: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const error = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
      server.once('error', resolve);
      server.listen(path, () => {
        server.off('error', resolve);
        resolve(undefined);
      });
    });
    if (error === undefined) return;
    if (error.code !== 'EADDRINUSE') throw error;
    const answer = await askOwner(path);
    if (answer !== 'nobody' || attempt === TRIES) throw lockedBy(answer === 'nobody' ? undefined : answer);
    // It ended before it was asked. A socket that is a file stays behind then.
    if (!path.startsWith('\0')) rmSync(path, { force: true });
  }
}

/** Who holds the lock named `name` on this machine; undefined: nobody. */
export async function localOwner(name: string): Promise<Owner | undefined> {
  const answer = await askOwner(socketPath(name));
  return answer === 'nobody' ? undefined : answer;
}

function askOwner(path: string): Promise<Owner | undefined | 'nobody'> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(path);
    socket.setTimeout(1_000, () => socket.destroy());
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', () => resolve('nobody'));
    socket.on('close', () => resolve(parseOwner(text)));
  });
}

export function lockedBy(owner: Owner | undefined, detail = ''): FleetError {
  return new FleetError({
    kind: 'locked',
    code: 'lock-held',
    message: `Another rollout of this fleet is on: ${describeOwner(owner)}${detail}.`,
    hint: 'Wait for it, or end it: rollout abort; `rollout status --watch` shows how far it is.',
    facts: { run: owner?.run, by: owner?.by, pid: owner?.pid },
  });
}
