/**
 * Run inside a network namespace by `openSocket`: binds a socket there, hands it to its parent over the IPC channel, and ends. A
 * socket belongs for ever to the namespace it was made in, so a daemon of the host can serve the namespace without being in it.
 */
import { createServer } from 'node:net';

const [address, port] = process.argv.slice(2);
const server = createServer();
server.once('error', (error) => {
  process.send?.({ error: error.message }, () => process.exit(1));
});
server.listen({ host: address, port: Number(port) }, () => {
  process.send?.({}, server, {}, () => process.exit(0));
});
