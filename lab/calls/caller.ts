import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { FleetError, reasonOf } from '../../lib/errors.ts';
import { connectNg } from '../../lib/ng/client.ts';
import { openNgSocket } from '../../lib/ng/udp.ts';
import type { CallLine, SummaryLine } from '../../rollout/report/call-lines.ts';
import type { CallPorts } from './call-state.ts';
import { createLedger } from './ledger.ts';
import { createRouting, type Pick } from './routing.ts';
import type { ProxyRelay } from './signalling.ts';
import { startTraffic } from './traffic.ts';
import { startWheel } from './wheel.ts';

export type CallerOptions = {
  /** ng ports (UDP) of the relays. */
  readonly relays: readonly { readonly host: string; readonly port: number }[];
  /** Calls per second that arrive (Poisson). */
  readonly rate: number;
  /** Below so many calls at once a further one starts at once, twenty a second at most; 0: only as they arrive. */
  readonly atLeast: number;
  /** Shortest and longest call, seconds; uniform between them. */
  readonly seconds: readonly [number, number];
  /** Share of the calls, 0 to 1, with a re-INVITE. */
  readonly reInviteShare: number;
  readonly pick: Pick;
  readonly seed: number;
  /** Address of the phones; default: the one from which this machine reaches the first relay. */
  readonly from?: string;
  readonly emit: (line: CallLine) => void;
};

export type Caller = {
  /** No new calls; the running ones end in their own time. */
  readonly stop: () => void;
  /** No new calls, and the running ones end now, in order. */
  readonly hangUp: () => void;
  /** Resolves after the last call with the summary, which was emitted too. Rejects with code `caller` for a fault of
   * this machine (no port, no address); then nothing runs any more. */
  readonly done: Promise<SummaryLine>;
};

/** Live calls on a fleet, until `stop`. Rejects with code `caller` when the phones' address is not one of this machine. */
export async function startCaller(options: CallerOptions): Promise<Caller> {
  const localAddress = options.from ?? (await routeTo(options.relays[0]));
  const ngSocket = openNgSocket({ localAddress });
  const relays = options.relays.map(
    ({ host, port }): ProxyRelay => ({
      name: `${host}:${port}`,
      ng: connectNg({ host, port, transport: 'udp', socket: ngSocket }),
    }),
  );
  const wheel = startWheel();
  const ledger = createLedger(relays.map(({ name }) => name));
  const hangUp = new AbortController();
  const ports: CallPorts = {
    ...{ relays, wheel, localAddress, now: Date.now, hangUp: hangUp.signal },
    routing: createRouting(relays.length, options.pick),
    talking: ({ name }) => ledger.talking(name),
    skipped: ledger.skipped,
  };
  const emitStarted = { relays: relays.map(({ name }) => name), seed: options.seed };
  options.emit({ kind: 'started', at: now(), ...emitStarted, rate: options.rate, atLeast: options.atLeast });
  const traffic = startTraffic(options, ledger, ports);
  const done = traffic.done.then(
    () => {
      const summary = ledger.summary(now(), wheel.health());
      options.emit(summary);
      return summary;
    },
    (error: unknown) => {
      throw localFault(reasonOf(error));
    },
  );
  const close = () => {
    hangUp.abort();
    wheel.stop();
    ngSocket.close();
  };
  return {
    stop: traffic.stop,
    hangUp: () => {
      traffic.stop();
      hangUp.abort();
    },
    done: done.finally(close),
  };
}

/** The address from which this machine reaches a relay: the kernel's choice, asked without sending anything. */
function routeTo(relay: { readonly host: string; readonly port: number } | undefined): Promise<string> {
  if (relay === undefined) return Promise.reject(localFault('there is no relay to call through'));
  const socket = createSocket(isIPv6(relay.host) ? 'udp6' : 'udp4');
  return new Promise<string>((resolve, reject) => {
    socket.once('error', (error) => reject(localFault(`${relay.host}: ${error.message}`)));
    socket.connect(relay.port, relay.host, () => resolve(socket.address().address));
  }).finally(() => socket.close());
}

function localFault(why: string): FleetError {
  return new FleetError({
    kind: 'stop',
    code: 'caller',
    message: `no calls can be made from this machine: ${why}`,
    hint: 'Check that the relays are reachable from here, and the address given with --from.',
  });
}

function now(): string {
  return new Date().toISOString();
}
