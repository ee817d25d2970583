import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { buildRtp, parseRtp, SAMPLES_PER_PACKET } from '../../lib/rtp.ts';
import { buildSdp, PCMU } from '../../lib/sdp.ts';
import { createTally, type Tally } from './tally.ts';

/** One end of a call: a UDP port that speaks PCMU, 50 packets a second when it is told to. */
export type Phone = {
  readonly sdp: string;
  /** Everything about the stream that this phone sends. */
  readonly sending: Tally;
  /** Where its relay wants its RTP. */
  readonly sendTo: (to: Destination) => void;
  /** Sends one packet; `turns` is how many 20 ms have passed since the last one. */
  readonly speak: (turns: number) => void;
  /** What it hears is counted on the other phone's tally. */
  readonly listen: (peer: Tally) => void;
  readonly close: () => void;
};

export type Destination = { readonly address: string; readonly port: number };

/** Room for seconds of speech, so that a busy event loop loses none of it; the kernel caps it at net.core.rmem_max. */
const BUFFER_BYTES = 1024 * 1024;
const PAYLOAD = Buffer.alloc(SAMPLES_PER_PACKET, 0xd5);

export type PhoneOptions = {
  readonly address: string;
  readonly ssrc: number;
  readonly firstSequence: number;
};

/** Opens a port of the system's choice at a local address. Rejects with the system's error. */
export async function openPhone(options: PhoneOptions): Promise<Phone> {
  const socket = createSocket({
    type: isIPv6(options.address) ? 'udp6' : 'udp4',
    recvBufferSize: BUFFER_BYTES,
    sendBufferSize: BUFFER_BYTES,
    // Addresses are literals here: without this, every packet waits a turn of the event loop for a look-up.
    lookup: (host, _options, found) => found(null, host, isIPv6(host) ? 6 : 4),
  });
  await bind(socket, options.address);
  const sending = createTally(options);
  const audio = { address: options.address, payloadTypes: [PCMU], direction: 'sendrecv' } as const;
  const { port } = socket.address();
  return {
    sdp: buildSdp({ ...audio, port }, port),
    sending,
    ...speaker(socket, sending, options),
    listen: (peer) => {
      socket.on('message', (bytes) => {
        const packet = parseRtp(bytes);
        if (packet !== undefined) peer.arrived(packet, performance.now());
      });
    },
    close: () => socket.close(),
  };
}

function speaker(
  socket: Socket,
  sending: Tally,
  { ssrc, firstSequence }: PhoneOptions,
): Pick<Phone, 'sendTo' | 'speak'> {
  let to: Destination | undefined;
  let timestamp = 0;
  const onSent = (error: Error | null) => {
    if (error !== null) sending.sendFailed();
  };
  return {
    sendTo: (destination) => {
      to = destination;
    },
    speak: (turns) => {
      if (to === undefined) return;
      const number = sending.sending(performance.now());
      timestamp += turns * SAMPLES_PER_PACKET;
      const packet = {
        payloadType: PCMU,
        sequence: firstSequence + number,
        timestamp,
        ssrc,
        marker: number === 0,
        payload: PAYLOAD,
      };
      socket.send(buildRtp(packet), to.port, to.address, onSent);
    },
  };
}

function bind(socket: Socket, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, address, () => {
      socket.off('error', reject);
      // A port that refuses (ICMP) shows as packets that are missing, and is not thrown from the event loop.
      socket.on('error', () => {});
      resolve();
    });
  });
}
