import { createSocket } from 'node:dgram';
import { createServer, type Socket } from 'node:net';
import { decode, encode, endOfValue, type NgDict } from '../../lib/ng/bencode.ts';
import { isDict, textAt } from '../../lib/ng/fields.ts';
import { freshLoopback } from './loopback.ts';

/** One request as it arrived, retransmissions included. */
export type Asked = {
  readonly cookie: string;
  readonly command: string;
  readonly fields: NgDict;
  /** All of it, as text. */
  readonly raw: string;
};

/** What the server does with it: raw packets to send back (none = silence), in order. */
export type Reaction = (asked: Asked) => readonly (Buffer | string)[];

export type NgServer = {
  readonly host: string;
  readonly port: number;
  readonly asked: readonly Asked[];
  /** Source port of the last request. */
  readonly lastPort: () => number;
  readonly close: () => Promise<void>;
};

/** An answer under the cookie of its request. */
export function reply({ cookie }: Asked, fields: NgDict): Buffer {
  return Buffer.concat([Buffer.from(`${cookie} `), encode(fields)]);
}

/** A peer that speaks ng on a loopback UDP port and does exactly what the test tells it to, faults above all. */
export async function startNgServer(react: Reaction, host = '127.0.0.1'): Promise<NgServer> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  const asked: Asked[] = [];
  let lastPort = 0;
  socket.on('message', (message, from) => {
    const request = readRequest(message);
    lastPort = from.port;
    asked.push(request);
    for (const packet of react(request)) socket.send(packet, from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, host, resolve));
  return {
    host,
    port: socket.address().port,
    asked,
    lastPort: () => lastPort,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

export type TcpReaction = (asked: Asked, connection: Socket, count: number) => void;

/** The same over TCP; the test writes to (or destroys) the connection itself. */
export async function startNgTcpServer(react: TcpReaction): Promise<NgServer> {
  const host = freshLoopback();
  const asked: Asked[] = [];
  const connections = new Set<Socket>();
  let lastPort = 0;
  const server = createServer((connection) => {
    connections.add(connection);
    lastPort = connection.remotePort ?? 0;
    connection.on('error', () => {});
    let received = Buffer.alloc(0);
    connection.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      for (let end = endOfRequest(received); end !== undefined; end = endOfRequest(received)) {
        const request = readRequest(received.subarray(0, end));
        received = received.subarray(end);
        asked.push(request);
        react(request, connection, asked.length);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    host,
    port,
    asked,
    lastPort: () => lastPort,
    close: () => {
      for (const connection of connections) connection.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function endOfRequest(received: Buffer): number | undefined {
  const space = received.indexOf(0x20);
  return space < 0 ? undefined : endOfValue(received, space + 1);
}

function readRequest(message: Buffer): Asked {
  const space = message.indexOf(0x20);
  const fields = decode(message.subarray(space + 1));
  if (!isDict(fields)) throw new Error('a request must be a dictionary');
  const cookie = message.toString('latin1', 0, space);
  return { cookie, command: textAt(fields, 'command') ?? '', fields, raw: message.toString() };
}
