import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { FleetError } from './errors.ts';
import {
  buildRtp,
  createRtpCounter,
  missingOf,
  parseRtp,
  SAMPLES_PER_PACKET,
  type StreamCounts,
} from './rtp.ts';

/** One end of a call's media: a UDP port that sends PCMU and counts what it receives. */
export type RtpSocket = {
  readonly address: string;
  readonly port: number;
  /** Sends the next packet of its stream to where the peer's SDP says. */
  readonly send: (to: { readonly address: string; readonly port: number }) => void;
  readonly sent: () => number;
  readonly received: () => readonly StreamCounts[];
  /** Packets of a peer, which sent that many, that did not arrive here. */
  readonly missing: (peerSent: number) => number;
  readonly close: () => void;
};

export type RtpSocketOptions = {
  /** Local address; also the one in the SDP. */
  readonly address: string;
  readonly ssrc: number;
  /** First sequence number and timestamp; RFC 3550 wants them random. */
  readonly firstSequence?: number;
  readonly payloadType?: number;
};

/** Opens a port of the system's choice. Rejects with `local-address` (usage) when the address is not of this machine. */
export async function openRtpSocket(options: RtpSocketOptions): Promise<RtpSocket> {
  const socket = createSocket(isIPv6(options.address) ? 'udp6' : 'udp4');
  await bind(socket, options.address);
  const counter = createRtpCounter();
  const payload = Buffer.alloc(SAMPLES_PER_PACKET, 0xd5);
  const first = options.firstSequence ?? 0;
  let sent = 0;
  socket.on('message', (bytes) => {
    const packet = parseRtp(bytes);
    if (packet !== undefined) counter.count(packet);
  });
  return {
    address: options.address,
    port: socket.address().port,
    send: (to) => {
      const [sequence, timestamp] = [first + sent, sent * SAMPLES_PER_PACKET];
      const { ssrc, payloadType = 0 } = options;
      socket.send(
        buildRtp({ payloadType, sequence, timestamp, ssrc, marker: sent === 0, payload }),
        to.port,
        to.address,
      );
      sent += 1;
    },
    sent: () => sent,
    received: counter.streams,
    missing: (peerSent) => missingOf(peerSent, counter.streams()),
    close: () => socket.close(),
  };
}

function bind(socket: Socket, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error) => {
      socket.close();
      reject(notLocal(address, cause));
    };
    socket.once('error', fail);
    socket.bind(0, address, () => {
      socket.off('error', fail);
      // A refused port (ICMP) is counted as a missing packet, not thrown from the event loop.
      socket.on('error', () => {});
      resolve();
    });
  });
}

function notLocal(address: string, cause: Error): FleetError {
  return new FleetError({
    kind: 'usage',
    code: 'local-address',
    message: `no RTP port can be opened on ${address}: ${cause.message}`,
    hint: 'Name an address of this machine that the relay can reach.',
    cause,
  });
}
