import { randomUUID } from 'node:crypto';
import { FleetError, isFleetError } from '../errors.ts';
import { decode, encode, type NgDict } from './bencode.ts';
import { isDict, textAt } from './fields.ts';
import { openTcp } from './tcp.ts';
import type { NgSocket } from './udp.ts';
import { openNgSocket } from './udp.ts';

/** One RTPEngine. TCP needs `listen-tcp-ng`; answers above 65,507 bytes (`list` of ~1,900 calls) only arrive over TCP. */
export type NgTarget = {
  /** IPv4 or IPv6 literal, or a name (resolved once). */
  readonly host: string;
  readonly port: number;
  readonly transport: 'udp' | 'tcp';
};

export type NgRequestOptions = {
  /** Deadline for the whole request, retransmissions included. Default 2,000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Keys of an answer that are read (`onlyKeys`), the others are passed over. Default: all. */
  readonly only?: ReadonlySet<string>;
};

/** What a reply itself is read from. */
const REPLY_KEYS = ['result', 'error-reason', 'message'] as const;

/** For `NgRequestOptions.only`. */
export function onlyKeys(keys: readonly string[]): ReadonlySet<string> {
  return new Set([...REPLY_KEYS, ...keys]);
}

/** What RTPEngine said. A refusal is a value: it is part of normal life (a cordoned relay, a call that is gone). */
export type NgReply =
  /** `result` is `ok` or `pong`. */
  | { readonly kind: 'ok'; readonly result: string; readonly fields: NgDict }
  /** A session, load, CPU or bandwidth limit: try the next relay. Only sent to who says `supports: [load limit]`. */
  | { readonly kind: 'load-limit'; readonly reason: string; readonly fields: NgDict }
  | { readonly kind: 'error'; readonly reason: string; readonly fields: NgDict };

export type NgClient = {
  readonly target: NgTarget;
  /** Sends one command under a fresh cookie. Rejects with a FleetError: `ng-silence` (kind retry, no answer in time),
   * `ng-unreachable` (retry), `ng-garbled` (retry), `ng-too-long` (stop), `ng-aborted` (interrupted). */
  readonly request: (command: string, fields?: NgDict, options?: NgRequestOptions) => Promise<NgReply>;
  /** Ends what is under way with `ng-aborted`; a socket that was handed in stays open. */
  readonly close: () => void;
};

export type NgConnectOptions = NgTarget & {
  /** Shared UDP socket; without it a UDP client opens its own and closes it with itself. */
  readonly socket?: NgSocket;
  /** A cookie that was never used before. RTPEngine caches answers by cookie alone for 30-60 s, over all of its
   * clients (daemon/cookie_cache.c@mr13.4.1.10): a repeated cookie gets the answer to another question. */
  readonly newCookie?: () => string;
};

/** The deadline of a request that names none. */
export const DEFAULT_TIMEOUT_MS = 2_000;

/** A client of one relay's ng port. Opens nothing until the first request. */
export function connectNg(options: NgConnectOptions): NgClient {
  const target: NgTarget = { host: options.host, port: options.port, transport: options.transport };
  const newCookie = options.newCookie ?? randomUUID;
  const own = options.socket === undefined && target.transport === 'udp' ? openNgSocket() : undefined;
  const socket = options.socket ?? own;
  const wire = target.transport === 'tcp' || socket === undefined ? openTcp(target) : socket.wireTo(target);
  return {
    target,
    request: async (command, fields = {}, { timeoutMs = DEFAULT_TIMEOUT_MS, signal, only } = {}) => {
      const cookie = newCookie();
      const packet = Buffer.concat([Buffer.from(`${cookie} `), encode({ command, ...fields })]);
      const body = await wire.exchange({ cookie, packet, command, timeoutMs, signal });
      const reply = readReply(body, command, target, only);
      wire.release(body);
      return reply;
    },
    close: () => {
      wire.close();
      own?.close();
    },
  };
}

function readReply(
  body: Buffer,
  command: string,
  target: NgTarget,
  only: ReadonlySet<string> | undefined,
): NgReply {
  const fields = decodeReply(body, command, target, only);
  const result = textAt(fields, 'result');
  switch (result) {
    case undefined:
      throw garbled(command, target, 'has no result');
    case 'error':
      return { kind: 'error', reason: textAt(fields, 'error-reason') ?? 'no reason given', fields };
    case 'load limit':
      return { kind: 'load-limit', reason: textAt(fields, 'message') ?? 'no reason given', fields };
    default:
      return { kind: 'ok', result, fields };
  }
}

function decodeReply(
  body: Buffer,
  command: string,
  target: NgTarget,
  only: ReadonlySet<string> | undefined,
): NgDict {
  try {
    const value = decode(body, only);
    if (isDict(value)) return value;
  } catch (error) {
    if (!isFleetError(error)) throw error;
    throw garbled(command, target, 'is not bencode', error);
  }
  throw garbled(command, target, 'is not a dictionary');
}

function garbled(command: string, target: NgTarget, what: string, cause?: unknown): FleetError {
  return new FleetError({
    kind: 'retry',
    code: 'ng-garbled',
    message: `${target.host}:${target.port}: the answer to ${command} ${what}`,
    hint: 'Check that RTPEngine listens there for ng.',
    cause,
  });
}
