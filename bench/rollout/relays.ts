/** Thousands of endpoints that answer as idle relays do: one UDP socket each for ng, one CLI for all. Runs as its own
 * process: `relays.ts COUNT NG_PORT CLI_PORT`; says `ready` once all listen. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import process from 'node:process';
import { encode } from '../../lib/ng/bencode.ts';
import { addressOf } from './addresses.ts';

const [count = 0, ngPort = 0, cliPort = 0] = process.argv.slice(2).map(Number);

const STATISTICS = encode({
  result: 'ok',
  statistics: {
    currentstatistics: {
      sessionsown: 100,
      sessionsforeign: 0,
      packetrate: 10_000,
      media_userspace: 200,
      media_kernel: 0,
      media_mixed: 0,
    },
    totalstatistics: {
      uptime: '3600',
      managedsessions: 5_000,
      rejectedsessions: 0,
      timeoutsessions: 1,
      onewaystreams: 2,
      relayedpackets: 9_000_000,
      relayedpacketerrors: 0,
    },
    voip_metrics: { packets_lost: 10 },
    // As large as a real answer.
    filler: 'x'.repeat(5_000),
  },
});

for (let index = 0; index < count; index += 1) {
  const socket = createSocket('udp4');
  socket.on('message', (message, from) => {
    const cookie = message.subarray(0, message.indexOf(32) + 1);
    socket.send(Buffer.concat([cookie, STATISTICS]), from.port, from.address);
  });
  socket.bind(ngPort, addressOf(index));
  await once(socket, 'listening');
}

const cli = createServer((socket) => {
  socket.on('error', () => undefined);
  socket.once('data', () => socket.end('Maximum sessions configured on rtpengine: -1\n'));
});
cli.listen({ port: cliPort, host: '0.0.0.0', backlog: 4_096 });
await once(cli, 'listening');
process.send?.('ready');
process.on('disconnect', () => process.exit());
