/**
 * A run as Prometheus metrics: a text file for node_exporter's textfile collector, or an endpoint for as long as the run
 * lasts. Told from events only.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { Counter, Gauge, Registry } from 'prom-client';
import { FleetError, reasonOf } from '../../lib/errors.ts';
import type { RelayState, RolloutEvent } from '../core/events.ts';
import { type Waits, waitsAfter } from '../core/waits.ts';

export type Metrics = {
  readonly show: (event: RolloutEvent) => void;
  readonly close: () => Promise<void>;
};

/** `where`: `host:port` or a file. Rejects with a FleetError (usage) if it cannot be had. */
export async function openMetrics(where: string, fleet: string): Promise<Metrics> {
  const told = tellFrom(fleet);
  const address = /^(.+):(\d{1,5})$/.exec(where);
  if (address === null) {
    await writeFile(where, await told.text());
    return { show: told.show, close: told.writeEach((text) => writeFile(where, text)) };
  }
  const [, host = '', port = ''] = address;
  const close = await serve(host.replace(/^\[(.*)\]$/, '$1'), Number(port), told);
  return { show: told.show, close };
}

type Teller = {
  readonly contentType: string;
  readonly show: (event: RolloutEvent) => void;
  /** The metrics of this moment: relays are summed up when somebody asks, not at each of many thousand events. */
  readonly text: () => Promise<string>;
  /** Writes at most once a second while there is news; the answer ends that, after a last time. */
  readonly writeEach: (write: (text: string) => Promise<void>) => () => Promise<void>;
};

const WRITE_MS = 1_000;

function tellFrom(fleet: string): Teller {
  const registry = new Registry();
  registry.setDefaultLabels({ fleet });
  const meters = metersOf(registry);
  const relays = new Map<string, RelayState>();
  let waits: Waits = new Map();
  let news = false;
  const text = async () => {
    tellRelays(meters, [...relays.values()]);
    tellWaits(meters, waits);
    return await registry.metrics();
  };
  return {
    contentType: registry.contentType,
    text,
    show: (event) => {
      news = true;
      waits = waitsAfter(waits, [event]);
      if (event.kind === 'run-started' || event.kind === 'run-ended')
        for (const state of event.relays) relays.set(state.relay.name, state);
      if (event.kind === 'relay-observed') relays.set(event.relay.name, event);
      tell(event, meters);
    },
    writeEach: (write) => {
      const timer = setInterval(() => {
        // A disk that is full for a moment costs a look at the metrics, no call.
        if (news)
          text()
            .then(write)
            .catch(() => undefined);
        news = false;
      }, WRITE_MS);
      timer.unref();
      return async () => {
        clearInterval(timer);
        await text()
          .then(write)
          .catch(() => undefined);
      };
    },
  };
}

function metersOf(registry: Registry) {
  const registers = [registry];
  const gauge = <L extends string = never>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Gauge({ name: `rtpfleet_rollout_${name}`, help, labelNames, registers });
  return {
    running: gauge('running', 'Whether a rollout is on.', ['run']),
    ended: gauge('result', 'How the rollout ended: 1 for what it is.', ['result']),
    relays: gauge('relays', 'Relays by phase.', ['phase']),
    calls: gauge('calls', 'Calls that relays carry, own and foreign; of those that answer.', ['zone']),
    silent: gauge('relays_silent', 'Relays that do not say how many calls they carry.'),
    waiting: gauge('waits', 'Relays that are waited for.', ['overdue']),
    told: gauge('last_event_timestamp_seconds', 'When the rollout said something last.'),
    acts: new Counter({
      name: 'rtpfleet_rollout_actions_total',
      help: 'What was done to relays.',
      labelNames: ['action', 'result'] as const,
      registers,
    }),
  };
}

type Meters = ReturnType<typeof metersOf>;

function tell(event: RolloutEvent, { running, ended, acts, told }: Meters): void {
  told.set(Date.parse(event.at) / 1000);
  running.set({ run: event.run }, event.kind === 'run-ended' ? 0 : 1);
  if (event.kind === 'run-ended') ended.set({ result: event.result }, 1);
  if (event.kind === 'action-done') acts.inc({ action: event.action, result: 'done' });
  if (event.kind === 'action-failed') acts.inc({ action: event.action, result: 'failed' });
}

function tellWaits({ waiting }: Meters, waits: Waits): void {
  const overdue = [...waits.values()].filter((wait) => wait.overdue).length;
  waiting.set({ overdue: 'true' }, overdue);
  waiting.set({ overdue: 'false' }, waits.size - overdue);
}

function tellRelays(meters: Meters, states: readonly RelayState[]): void {
  meters.relays.reset();
  meters.calls.reset();
  for (const { phase } of states) meters.relays.inc({ phase });
  const known = states.filter(({ own, foreign }) => own !== undefined && foreign !== undefined);
  for (const { relay, own = 0, foreign = 0 } of known) meters.calls.inc({ zone: relay.zone }, own + foreign);
  meters.silent.set(states.length - known.length);
}

/** Whole or not at all: the collector reads whenever it likes. */
async function writeFile(file: string, text: string): Promise<void> {
  try {
    writeFileSync(`${file}.part`, text);
    renameSync(`${file}.part`, file);
  } catch (cause) {
    throw noPlace(`The metrics file ${file} cannot be written: ${reasonOf(cause)}`, cause);
  }
}

async function serve(host: string, port: number, told: Teller): Promise<() => Promise<void>> {
  const server = createServer((request, response) => {
    if (request.url !== '/metrics') return void response.writeHead(404).end('Metrics are at /metrics.\n');
    response.setHeader('content-type', told.contentType);
    // A rollout ends for no collector.
    told.text().then(
      (text) => response.end(text),
      (error: unknown) => response.writeHead(500).end(`${reasonOf(error)}\n`),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  }).catch((cause: unknown) => {
    throw noPlace(`Metrics cannot be served at ${host}:${port}: ${reasonOf(cause)}`, cause);
  });
  return async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
}

function noPlace(message: string, cause: unknown): FleetError {
  return new FleetError({
    kind: 'usage',
    code: 'metrics',
    message,
    hint: 'Name another place with --metrics: a file, or an address and a free port.',
    cause,
  });
}
