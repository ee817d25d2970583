/**
 * The callee's ear, in a process of its own that is asked before others: a test that is busy for a second would overflow the socket, and count
 * as lost what had arrived. Sends each packet back; tells its port, and on any message what it heard.
 */
import { createSocket } from 'node:dgram';
import { setPriority } from 'node:os';
import { createRtpCounter, parseRtp } from '../../lib/rtp.ts';

const [address = ''] = process.argv.slice(2);
const speech = createRtpCounter();
const socket = createSocket('udp4').on('message', (bytes, from) => {
  const packet = parseRtp(bytes);
  if (packet !== undefined) speech.count(packet);
  socket.send(bytes, from.port, from.address);
});
setPriority(-10);
socket.bind(0, address, () => process.send?.(socket.address().port));
process.on('message', () => process.send?.(speech.streams()));
process.on('disconnect', () => process.exit(0));
