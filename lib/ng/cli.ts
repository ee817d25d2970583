import { connect } from 'node:net';
import { FleetError } from '../errors.ts';
import { compareVersions, parseVersion } from '../version.ts';
import { DEFAULT_TIMEOUT_MS, type NgClient, type NgRequestOptions } from './client.ts';
import { textAt } from './fields.ts';

/** How a relay takes CLI commands. */
export type CliDoor =
  /** `listen-cli`: one connection per command, the reply ends with the connection (all versions, measured). */
  | { readonly kind: 'port'; readonly host: string; readonly port: number }
  /** ng command `cli`, since mr13.2 (daemon/control_ng.c@mr13.2.1.16). */
  | { readonly kind: 'verb'; readonly ng: NgClient };

/** Longer than the session list of 100,000 calls. */
const MAX_REPLY = 32 * 1024 * 1024;

/** Runs one CLI command and returns its text. The CLI has no status: only a later `list` proves a `set`.
 * Rejects with `cli-silence`, `cli-unreachable` (retry), `cli-refused` (hold), `ng-*` through the verb, `cli-command` (stop). */
export async function runCli(
  door: CliDoor,
  command: string,
  options: NgRequestOptions = {},
): Promise<string> {
  // A call-id inside a command must not be able to start a second one.
  if (/[\r\n\0]/.test(command)) throw badCommand(command);
  switch (door.kind) {
    case 'port':
      return await overPort(door, command, options);
    case 'verb':
      return await overVerb(door.ng, command, options);
    default:
      return door satisfies never;
  }
}

/** Whether this RTPEngine has the ng command `cli`; undefined for a version that is no upstream tag. */
export function hasCliVerb(version: string): boolean | undefined {
  return parseVersion(version) === undefined ? undefined : compareVersions(version, 'mr13.2') >= 0;
}

/** Asks the relay itself whether it has the ng command `cli`. Rejects when it does not answer at all. */
export async function probeCliVerb(ng: NgClient, options?: NgRequestOptions): Promise<boolean> {
  const reply = await ng.request('cli', { body: 'list maxsessions' }, options);
  return reply.kind === 'ok' && textAt(reply.fields, 'response') !== undefined;
}

async function overVerb(ng: NgClient, command: string, options: NgRequestOptions): Promise<string> {
  const reply = await ng.request('cli', { body: command }, options);
  const text = reply.kind === 'ok' ? textAt(reply.fields, 'response') : undefined;
  if (text !== undefined) return text;
  throw new FleetError({
    kind: 'hold',
    code: 'cli-refused',
    message: `${ng.target.host}:${ng.target.port} refuses the ng command cli (${command})`,
    hint: 'RTPEngine has it since mr13.2: give the CLI port (listen-cli) of an older relay.',
  });
}

type Port = { readonly host: string; readonly port: number };

function overPort(door: Port, command: string, options: NgRequestOptions): Promise<string> {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, signal } = options;
  if (signal?.aborted) return Promise.reject(aborted(door, command, signal));
  return new Promise((resolve, reject) => {
    const socket = connect({ ...door, noDelay: true });
    const chunks: Buffer[] = [];
    const fail = (error: FleetError) => {
      reject(error);
      socket.destroy();
    };
    const deadline = setTimeout(() => fail(silence(door, command, timeoutMs)), timeoutMs);
    const onAbort = () => fail(aborted(door, command, signal));
    signal?.addEventListener('abort', onAbort, { once: true });
    socket.on('connect', () => socket.write(`${command}\n`));
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      if (socket.bytesRead > MAX_REPLY) fail(unreachable(door, new Error('the reply does not end')));
    });
    socket.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    socket.on('error', (error) => fail(unreachable(door, error)));
    socket.on('close', () => {
      clearTimeout(deadline);
      signal?.removeEventListener('abort', onAbort);
    });
  });
}

function silence({ host, port }: Port, command: string, timeoutMs: number): FleetError {
  return new FleetError({
    kind: 'retry',
    code: 'cli-silence',
    message: `${host}:${port} did not answer the CLI command ${command} within ${timeoutMs} ms`,
    hint: 'Check that RTPEngine runs there and that the firewall lets the CLI port through.',
  });
}

function unreachable({ host, port }: Port, cause: Error): FleetError {
  return new FleetError({
    kind: 'retry',
    code: 'cli-unreachable',
    message: `${host}:${port} (CLI) cannot be reached: ${cause.message}`,
    hint: 'Check listen-cli in the relay and the firewall.',
    cause,
  });
}

function aborted({ host, port }: Port, command: string, signal: AbortSignal | undefined): FleetError {
  return new FleetError({
    kind: 'interrupted',
    code: 'ng-aborted',
    message: `the CLI command ${command} to ${host}:${port} was given up before the answer`,
    cause: signal?.reason,
  });
}

function badCommand(command: string): FleetError {
  return new FleetError({
    kind: 'stop',
    code: 'cli-command',
    message: `a CLI command must be one line: ${JSON.stringify(command)}`,
  });
}
