import { connect, type Socket } from 'node:net';
import { FleetError, isFleetError } from '../errors.ts';
import { endOfValue } from './bencode.ts';
import type { NgTarget } from './client.ts';
import { closed, type Outgoing, unreachable, type Waiting, type Wire, waitForAnswer } from './exchange.ts';

/** How often one request may be sent again after its connection broke. The cookie stays the same, so a request that
 * RTPEngine had already acted on is answered from its cache. */
const RESENDS = 1;
/** 30,000 calls in a `list` are about 1.5 MB; whatever is longer than this is not an answer. */
const MAX_ANSWER = 64 * 1024 * 1024;

/** Room for any question (not for an SDP), and within one segment of every network (IPv6: at least 1,220 bytes). */
const MAX_REQUEST = 1_000;

type Entry = Waiting & { resendsLeft: number };
type State = {
  readonly target: NgTarget;
  /** First come, first served; the first one is under way. */
  readonly queue: Entry[];
  socket: Socket | undefined;
  received: Buffer;
};

/**
 * A connection to a relay's `listen-tcp-ng`, opened with the first request and again after it broke. RTPEngine must
 * never see a part of a message: one that ends a byte before the end of a string makes it spin for ever on a whole core
 * and fill its log, even once the connection is gone (10.5.3.5, 12.5.1.31 measured; __bencode_string before mr11.5.1.40
 * and mr12.5.1.33), and one that leaves more than 1,024 bytes unparsed makes it close the connection (all versions,
 * control_stream_readable). So requests are short, each is written in one piece, and the next one only when the one
 * before is answered: queued writes would be cut at segment borders.
 */
export function openTcp(target: NgTarget): Wire {
  const state: State = { target, queue: [], socket: undefined, received: Buffer.alloc(0) };
  return {
    exchange: (outgoing) => exchange(state, outgoing),
    // A body is a part of what came together.
    release: () => undefined,
    close: () => {
      for (const entry of state.queue.splice(0)) entry.fail(closed(target, entry.outgoing));
      drop(state);
    },
  };
}

function exchange(state: State, outgoing: Outgoing): Promise<Buffer> {
  if (outgoing.packet.length > MAX_REQUEST) return Promise.reject(tooLong(state.target, outgoing));
  const started = (waiting: Waiting) => {
    state.queue.push({ ...waiting, resendsLeft: RESENDS });
    if (state.queue.length === 1) sendFirst(state);
  };
  return waitForAnswer(state.target, outgoing, started, () => leave(state, outgoing.cookie));
}

/** Takes out a request that ended without an answer. What its connection may still bring or hold of it must not meet
 * the next request, which gets a new one. */
function leave(state: State, cookie: string): void {
  const at = state.queue.findIndex(({ outgoing }) => outgoing.cookie === cookie);
  if (at < 0) return;
  state.queue.splice(at, 1);
  if (at > 0) return;
  drop(state);
  sendFirst(state);
}

function sendFirst(state: State): void {
  const first = state.queue[0];
  if (first !== undefined) openSocket(state).write(first.outgoing.packet);
}

function drop(state: State): void {
  state.socket?.destroy();
  state.socket = undefined;
}

function openSocket(state: State): Socket {
  if (state.socket !== undefined) return state.socket;
  const socket = connect({ host: state.target.host, port: state.target.port, noDelay: true });
  state.socket = socket;
  state.received = Buffer.alloc(0);
  let cause: unknown = new Error('the connection was closed');
  socket.on('data', (chunk) => receive(state, socket, chunk));
  socket.on('error', (error) => {
    cause = error;
  });
  socket.on('close', () => {
    if (state.socket === socket) lost(state, cause);
  });
  return socket;
}

/** Sends the request that was under way once more over a new connection, or gives it up. */
function lost(state: State, cause: unknown): void {
  state.socket = undefined;
  const first = state.queue[0];
  if (first === undefined) return;
  if (first.resendsLeft === 0) first.fail(unreachable(state.target, cause));
  else {
    first.resendsLeft -= 1;
    sendFirst(state);
  }
}

function receive(state: State, socket: Socket, chunk: Buffer): void {
  if (state.socket !== socket) return;
  state.received = state.received.length === 0 ? chunk : Buffer.concat([state.received, chunk]);
  try {
    takeAnswers(state);
  } catch (error) {
    if (!isFleetError(error)) throw error;
    drop(state);
    state.queue[0]?.fail(garbled(state.target, error));
  }
}

/** Answers follow each other without a separator: cookie, space, value, cookie, … */
function takeAnswers(state: State): void {
  for (;;) {
    const space = state.received.indexOf(0x20);
    if (space < 0) break;
    const end = endOfValue(state.received, space + 1);
    if (end === undefined) break;
    const cookie = state.received.toString('latin1', 0, space);
    const body = state.received.subarray(space + 1, end);
    state.received = state.received.subarray(end);
    const first = state.queue[0];
    if (first?.outgoing.cookie !== cookie) continue;
    state.queue.shift();
    first.answer(body);
    sendFirst(state);
  }
  if (state.received.length > MAX_ANSWER) throw garbled(state.target, undefined);
}

function tooLong(target: NgTarget, { command, packet }: Outgoing): FleetError {
  return new FleetError({
    kind: 'stop',
    code: 'ng-too-long',
    message: `${command} to ${target.host}:${target.port} is ${packet.length} bytes, more than the ${MAX_REQUEST} that are safe over TCP`,
    hint: 'Send it over UDP.',
  });
}

function garbled(target: NgTarget, cause: unknown): FleetError {
  return new FleetError({
    kind: 'retry',
    code: 'ng-garbled',
    message: `${target.host}:${target.port} (tcp) sent something that is not an ng answer`,
    hint: 'Check that listen-tcp-ng is the port of this address.',
    cause,
  });
}
