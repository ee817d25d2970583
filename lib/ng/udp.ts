import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { FleetError } from '../errors.ts';
import type { NgTarget } from './client.ts';
import { closed, type Outgoing, unreachable, type Waiting, type Wire, waitForAnswer } from './exchange.ts';

/** UDP towards any number of relays: one socket per address family, opened when first needed. Who asks thousands keeps
 * a few hundred questions under way at once (lib/limited.ts): 4,000 `statistics` came back in 2.1 s with 128 or 512 at
 * once, 2,500 of them were lost with all 4,000, whose answers overflow any receive buffer. */
export type NgSocket = {
  readonly wireTo: (target: NgTarget) => Wire;
  readonly close: () => void;
};

export type NgSocketOptions = {
  /** Pauses before each retransmission, ms; the same cookie is sent again, so RTPEngine acts once. */
  readonly retransmitAfterMs?: readonly number[];
  /** Local IPv4 or IPv6 address to send from; default: the system's choice. */
  readonly localAddress?: string;
};

/** One answer fits one datagram: 65,535 less the IPv4 and UDP headers. */
const MAX_DATAGRAM = 65_507;
/** Thousands of relays may answer in the same millisecond; the kernel caps this at net.core.rmem_max. */
const RECEIVE_BUFFER = 4 * 1024 * 1024;
const RETRANSMIT_AFTER_MS = [200, 400, 800, 1_600] as const;

type Address = { readonly address: string; readonly family: 4 | 6 };
/** Whose answer a cookie waits for; `from` filters answers of others. */
type Expected = Waiting & { readonly from: Address };
type State = {
  readonly options: NgSocketOptions;
  readonly waiting: Map<string, Expected>;
  readonly sockets: Map<4 | 6, Socket>;
  /** None is opened again, whose name was still being looked up when all was closed. */
  isClosed: boolean;
};

/** Opens nothing yet. Close it when the last of its clients is done: an open socket keeps the process alive. */
export function openNgSocket(options: NgSocketOptions = {}): NgSocket {
  const state: State = { options, waiting: new Map(), sockets: new Map(), isClosed: false };
  return {
    wireTo: (target) => wireTo(state, target),
    close: () => {
      state.isClosed = true;
      for (const entry of [...state.waiting.values()]) entry.fail(closed(entry.target, entry.outgoing));
      for (const socket of state.sockets.values()) socket.close();
      state.sockets.clear();
    },
  };
}

function wireTo(state: State, target: NgTarget): Wire {
  let resolved: Promise<Address> | undefined;
  return {
    exchange: async (outgoing) => {
      if (outgoing.packet.length > MAX_DATAGRAM) throw tooLong(target, outgoing);
      resolved ??= resolve(target.host).catch((error: unknown) => {
        resolved = undefined;
        throw unreachable(target, error);
      });
      const address = await resolved;
      if (state.isClosed) throw closed(target, outgoing);
      return await exchange(state, target, address, outgoing);
    },
    release,
    close: () => {
      for (const entry of [...state.waiting.values()])
        if (entry.target === target) entry.fail(closed(target, entry.outgoing));
    },
  };
}

function exchange(state: State, target: NgTarget, from: Address, outgoing: Outgoing): Promise<Buffer> {
  let timer: NodeJS.Timeout | undefined;
  const pauses = [...(state.options.retransmitAfterMs ?? RETRANSMIT_AFTER_MS)];
  const send = (waiting: Waiting) => {
    transmit(state, from, waiting);
    const pause = pauses.shift();
    if (pause !== undefined) timer = setTimeout(() => send(waiting), pause);
  };
  const started = (waiting: Waiting) => {
    state.waiting.set(outgoing.cookie, { ...waiting, from });
    send(waiting);
  };
  const ended = () => {
    clearTimeout(timer);
    state.waiting.delete(outgoing.cookie);
  };
  return waitForAnswer(target, outgoing, started, ended);
}

function transmit(state: State, to: Address, { outgoing, target, fail }: Waiting): void {
  socketFor(state, to.family).send(outgoing.packet, target.port, to.address, (error) => {
    // No route, no permission: the system says at once what a retransmission would only say later.
    if (error !== null && state.waiting.has(outgoing.cookie)) fail(unreachable(target, error));
  });
}

function socketFor(state: State, family: 4 | 6): Socket {
  const known = state.sockets.get(family);
  if (known !== undefined) return known;
  const socket = createSocket({ type: family === 4 ? 'udp4' : 'udp6', recvBufferSize: RECEIVE_BUFFER });
  socket.on('message', (message, from) => receive(state, message, from));
  socket.on('error', (error) => {
    for (const entry of [...state.waiting.values()])
      if (entry.from.family === family) entry.fail(unreachable(entry.target, error));
  });
  if (state.options.localAddress !== undefined) socket.bind(0, state.options.localAddress);
  state.sockets.set(family, socket);
  return socket;
}

/** Late and repeated answers find no cookie; an answer from anybody but the relay that was asked is not one. */
function receive(state: State, message: Buffer, from: RemoteInfo): void {
  const space = message.indexOf(0x20);
  const entry = space < 0 ? undefined : state.waiting.get(message.toString('latin1', 0, space));
  if (entry === undefined || from.port !== entry.target.port || from.address !== entry.from.address)
    release(message);
  else entry.answer(message.subarray(space + 1));
}

/**
 * Every datagram comes in memory of its own, 7.5 kB for `statistics`, which V8 takes its time to collect: it sees a small
 * object. With thousands of relays that was 60 MB of answers long read.
 */
function release({ buffer, byteOffset, byteLength }: Buffer): void {
  const isWhole = byteOffset + byteLength === buffer.byteLength;
  if (isWhole && buffer instanceof ArrayBuffer) buffer.transfer(0);
}

async function resolve(host: string): Promise<Address> {
  const family = isIP(host);
  if (family === 4 || family === 6) return { address: host, family };
  const found = await lookup(host);
  return { address: found.address, family: found.family === 6 ? 6 : 4 };
}

function tooLong(target: NgTarget, { command, packet }: Outgoing): FleetError {
  return new FleetError({
    kind: 'stop',
    code: 'ng-too-long',
    message: `${command} to ${target.host}:${target.port} is ${packet.length} bytes, more than a datagram's ${MAX_DATAGRAM}`,
    hint: 'Send it over TCP (listen-tcp-ng).',
  });
}
