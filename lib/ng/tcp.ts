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

type Entry = Waiting & { resendsLeft: number };
type State = {
  readonly target: NgTarget;
  readonly waiting: Map<string, Entry>;
  socket: Socket | undefined;
  received: Buffer;
};

/**
 * One persistent connection to a relay's `listen-tcp-ng`, opened with the first request and again after it broke.
 * Requests are pipelined. Each is written in one piece: RTPEngine closes a connection whose first fragment leaves more
 * than 1,024 bytes unparsed (daemon/control_ng.c@mr13.4.1.10, control_stream_readable), so a request longer than one
 * network segment (about 1,400 bytes: an offer with a long SDP) belongs on UDP.
 */
export function openTcp(target: NgTarget): Wire {
  const state: State = { target, waiting: new Map(), socket: undefined, received: Buffer.alloc(0) };
  return {
    exchange: (outgoing) => exchange(state, outgoing),
    close: () => {
      for (const entry of [...state.waiting.values()]) entry.fail(closed(target, entry.outgoing));
      state.socket?.destroy();
      state.socket = undefined;
    },
  };
}

function exchange(state: State, outgoing: Outgoing): Promise<Buffer> {
  const started = (waiting: Waiting) => {
    state.waiting.set(outgoing.cookie, { ...waiting, resendsLeft: RESENDS });
    openSocket(state).write(outgoing.packet);
  };
  return waitForAnswer(state.target, outgoing, started, () => state.waiting.delete(outgoing.cookie));
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

/** Sends what was under way once more over a new connection, or gives it up. */
function lost(state: State, cause: unknown): void {
  state.socket = undefined;
  for (const entry of [...state.waiting.values()]) {
    if (entry.resendsLeft === 0) entry.fail(unreachable(state.target, cause));
    else {
      entry.resendsLeft -= 1;
      openSocket(state).write(entry.outgoing.packet);
    }
  }
}

function receive(state: State, socket: Socket, chunk: Buffer): void {
  state.received = state.received.length === 0 ? chunk : Buffer.concat([state.received, chunk]);
  try {
    takeAnswers(state);
  } catch (error) {
    if (!isFleetError(error)) throw error;
    for (const entry of [...state.waiting.values()]) entry.fail(garbled(state.target, error));
    socket.destroy();
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
    state.waiting.get(cookie)?.answer(body);
  }
  if (state.received.length > MAX_ANSWER) throw garbled(state.target, undefined);
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
