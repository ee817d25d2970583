/**
 * Thousands of endpoints that answer as relays do: one UDP socket each for ng, one CLI for all. Runs as its own process:
 * `relays.ts COUNT NG_PORT CLI_PORT`; says `ready` once all listen, and on any message its own milliseconds of processor.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import process from 'node:process';
import { encode } from '../../lib/ng/bencode.ts';
import { addressOf } from './addresses.ts';

const [count = 0, ngPort = 0, cliPort = 0] = process.argv.slice(2).map(Number);

/** The commands that RTPEngine counts one by one; with them an answer is as long as a real one (7.5 kB, 10.5.3.5 measured). */
const COMMANDS = [
  ...['ping', 'offer', 'answer', 'delete', 'query', 'list', 'start recording', 'stop recording'],
  ...['start forwarding', 'stop forwarding', 'block DTMF', 'unblock DTMF', 'block media', 'unblock media'],
  ...['play media', 'stop media', 'play DTMF', 'statistics', 'silence media', 'unsilence media', 'publish'],
  ...['subscribe request', 'subscribe answer', 'unsubscribe'],
];

/** One entry a command, under a name made of it. */
function each(names: readonly string[], value: string | number) {
  return Object.fromEntries(COMMANDS.flatMap((command) => names.map((name) => [command + name, value])));
}

const SAID = 'Maximum sessions configured on rtpengine: -1\n';

const LIMIT = encode({ response: SAID, result: 'ok' });

const STATISTICS = encode({
  statistics: {
    currentstatistics: {
      ...{ sessionsown: 100, sessionsforeign: 0, sessionstotal: 100, transcodedmedia: 0, packetrate: 10_000 },
      ...{ media_userspace: 200, media_kernel: 0, media_mixed: 0 },
    },
    totalstatistics: {
      ...{ uptime: '3600', managedsessions: 5_000, rejectedsessions: 0, timeoutsessions: 1 },
      ...{ relayedpackets: 9_000_000, relayedpacketerrors: 0, onewaystreams: 2 },
    },
    intervalstatistics: {
      ...each(['mindelay', 'maxdelay', 'avgdelay'], '0.000000'),
      ...each(['minrequestrate', 'maxrequestrate', 'avgrequestrate'], '0'),
    },
    voip_metrics: { packets_lost: 10 },
    controlstatistics: {
      proxies: [{ proxy: '127.0.0.1', ...each(['count'], 1), ...each(['duration'], '0.000100') }],
      ...each(['totalcount'], 1),
    },
    interfaces: [{ name: 'default', address: '127.0.0.1', ports: { min: 30_000, max: 40_000, used: 0 } }],
    transcoders: [],
  },
  result: 'ok',
});

for (let index = 0; index < count; index += 1) {
  const socket = createSocket('udp4');
  socket.on('message', (message, from) => {
    const cookie = message.subarray(0, message.indexOf(32) + 1);
    const body = message.includes('list maxsessions') ? LIMIT : STATISTICS;
    socket.send(Buffer.concat([cookie, body]), from.port, from.address);
  });
  socket.bind(ngPort, addressOf(index));
  await once(socket, 'listening');
}

const cli = createServer((socket) => {
  socket.on('error', () => undefined);
  socket.once('data', () => socket.end(SAID));
});
cli.listen({ port: cliPort, host: '0.0.0.0', backlog: 4_096 });
await once(cli, 'listening');
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.((user + system) / 1000);
});
process.on('disconnect', () => process.exit());
process.send?.('ready');
