import { connect } from 'node:net';
import { FleetError } from '../errors.ts';
import { compareVersions, parseVersion } from '../version.ts';
import { DEFAULT_TIMEOUT_MS, type NgClient, type NgRequestOptions } from './client.ts';
import { textAt } from './fields.ts';

/** How a relay takes CLI commands. */
export type CliDoor =
  /** `listen-cli`: one connection per command, the reply ends with the connection (all versions, measured). */
  | { readonly kind: 'port'; readonly host: string; readonly port: number }
  /** ng command `cli`, since mr13.2 (daemon/control_ng.c@mr13.2.1.16); only for commands with short replies. */
  | { readonly kind: 'verb'; readonly ng: NgClient };

/**
 * What may be asked through the ng command. **A reply above 99,999 bytes makes RTPEngine abort, with all of its calls**
 * (measured on 26.0.1.26 with `list sessions all` of 1,100 calls; assert in lib/bencode.c __bencode_string_alloc,
 * mr13.2.1.16 to mr26.2.1.1), so nothing whose reply grows with the calls is ever sent this way.
 */
const SHORT_REPLY =
  /^(?:list (?:maxsessions|deletedelay|numsessions|silenttimeout|offertimeout)|set [a-z]+ -?\d+|params diff)$/;

/** Most replies are one line. Reading past the stream's own queue saves two thirds of what thousands of them cost. */
const READ_BYTES = 4_095;

/** A question that changes nothing, and whose reply no number of calls makes long. */
export function isShortQuestion(command: string): boolean {
  return command.startsWith('list ') && SHORT_REPLY.test(command);
}

/** Longer than the session list of 100,000 calls. */
const MAX_REPLY = 32 * 1024 * 1024;

/** Runs one CLI command and returns its text. The CLI has no status: only a later `list` proves a `set`.
 * Rejects with `cli-silence`, `cli-unreachable` (retry), `cli-command` (stop); through ng also with `cli-refused`,
 * `cli-too-long` (hold) and as `NgClient.request`. */
export async function runCli(
  door: CliDoor,
  command: string,
  options: NgRequestOptions = {},
): Promise<string> {
  // A call-id inside a command must not be able to start a second one.
  if (/[\r\n\0]/.test(command)) throw badCommand(command);
  switch (door.kind) {
    case 'port':
      return await overPortSurely(door, command, options);
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

/** `body` has to be the last thing in the message: RTPEngine reads the number of `set maxsessions 0` beyond the end of
 * the text, so a key after it would make the limit `0` and that key's length, `07` = 7 for `7:command` (measured on
 * 26.0.1.26; strtol in daemon/cli.c cli_incoming_set_maxsessions@mr13.4.1.10 and @mr26.2.1.1). */
async function overVerb(ng: NgClient, command: string, options: NgRequestOptions): Promise<string> {
  if (!SHORT_REPLY.test(command)) throw tooLong(ng, command);
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

function tooLong({ target }: NgClient, command: string): FleetError {
  return new FleetError({
    kind: 'hold',
    code: 'cli-too-long',
    message: `${command} is not asked of ${target.host}:${target.port} over ng: a long reply would end RTPEngine`,
    hint: 'Give the CLI port of the relay (listen-cli).',
  });
}

type Port = { readonly host: string; readonly port: number };

/** Every `list` has a text, so an empty reply was lost: RTPEngine ends the connection without sending what it could not
 * write at once (one reply in some 9,000, 10.5.3.5 and 12.5.1.31 measured; cli_stream_readable in daemon/cli.c and
 * streambuf_write in lib/streambuf.c@mr12.5.1.31). The command itself was carried out. */
async function overPortSurely(door: Port, command: string, options: NgRequestOptions): Promise<string> {
  let text = '';
  for (let tries = 0; tries < 3 && text === ''; tries += 1) {
    text = await overPort(door, command, options);
    if (!command.startsWith('list ')) break;
  }
  return text;
}

function overPort(door: Port, command: string, options: NgRequestOptions): Promise<string> {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, signal } = options;
  if (signal?.aborted) return Promise.reject(aborted(door, command, signal));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const onRead = (length: number, bytes: Uint8Array) => {
      chunks.push(Buffer.from(bytes.subarray(0, length)));
      if (socket.bytesRead > MAX_REPLY) fail(unreachable(door, new Error('the reply does not end')));
      return true;
    };
    const { host, port } = door;
    const onread = { buffer: Buffer.allocUnsafe(READ_BYTES), callback: onRead };
    const socket = connect({ host, port, onread });
    const fail = (error: FleetError) => {
      reject(error);
      socket.destroy();
    };
    const deadline = setTimeout(() => fail(silence(door, command, timeoutMs)), timeoutMs);
    const onAbort = () => fail(aborted(door, command, signal));
    signal?.addEventListener('abort', onAbort, { once: true });
    socket.write(`${command}\n`);
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
