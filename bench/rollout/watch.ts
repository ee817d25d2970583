/**
 * What a rollout does with relays that answer over the sockets of this machine: looks at all of them, and decides. Runs as its
 * own process, `watch.ts COUNT GROUPS VERSION NG_PORT CLI_PORT`, and sends one `Watched`.
 */
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadFleet } from '../../configs/load.ts';
import { connectGce } from '../../lib/gce.ts';
import { wallClock } from '../../rollout/adapters/clock.ts';
import { relayDoor } from '../../rollout/adapters/relay.ts';
import { plan } from '../../rollout/core/plan.ts';
import { effectivePolicy, type Policy } from '../../rollout/core/policy.ts';
import { createObserver } from '../../rollout/observe.ts';
import type { Cloud, ZoneView } from '../../rollout/ports.ts';
import { median } from '../numbers.ts';
import { addressOf } from './addresses.ts';
import { newTarget, oldRelay, zonesOf } from './fleets.ts';

/** Times in ms; `cpu`: of the processor, by this process alone. */
export type Watched = {
  readonly first: Took;
  readonly later: Took;
  readonly silent: number;
  /** Of the processor. */
  readonly decideMs: number;
  /** Most memory that it held, MB; and with Google's client beside it. */
  readonly memory: number;
  readonly memoryWithGce: number;
};

export type Took = { readonly ms: number; readonly cpuMs: number };

const LATER_LOOKS = 5;
const DECISIONS = 9;
/** Longer than a relay that nobody works on is left alone. */
const PAUSE_MS = 1_100;

const [count = 0, groups = 0] = process.argv.slice(2, 4).map(Number);
const version = process.argv[4] ?? '';
const [ngPort = 0, cliPort = 0] = process.argv.slice(5).map(Number);

const lab = loadFleet('configs/fleets/lab.yaml');
const rtpengine = { ...lab.rtpengine, ngPort, cliPort };
const file = { ...lab, rtpengine, rollout: { ...lab.rollout, pollSeconds: 1 } };
const policy: Policy = effectivePolicy(file, { drain: true, maxUnavailable: '5%' });
const zones = zonesOf(groups);

function zoneView(zone: string): ZoneView {
  const relays = Array.from({ length: count }, (_, index) => index)
    .filter((index) => zones[index % groups] === zone)
    .map((index) => {
      const id = String(index + 1);
      return oldRelay({ zone, name: `relay-${index}`, id, address: addressOf(index), version });
    });
  return { target: newTarget(zone), relays };
}

function cloudOf(): Cloud {
  const views = new Map(zones.map((zone) => [zone, zoneView(zone)]));
  const never = () => Promise.reject(new Error('nothing is changed here'));
  return {
    readZone: async (zone) => views.get(zone) ?? (await never()),
    ...{ readReport: never, mark: never, unmark: never },
    ...{ awaitController: never, release: never, replace: never },
  };
}

async function timed<T>(act: () => Promise<T>): Promise<Took & { readonly value: T }> {
  const started = performance.now();
  const before = process.cpuUsage();
  const value = await act();
  const { user, system } = process.cpuUsage(before);
  return { ms: performance.now() - started, cpuMs: (user + system) / 1000, value };
}

function megabytes(): number {
  return process.resourceUsage().maxRSS / 1_000 / (1_000 / 1_024);
}

async function watch(): Promise<Watched> {
  const relays = relayDoor(file);
  const observer = createObserver(
    { cloud: cloudOf(), relays, clock: wallClock },
    { name: 'bench', zones, policy },
  );
  const first = await timed(() => observer.observe());
  const later: Took[] = [];
  let fleet = first.value;
  for (let look = 0; look < LATER_LOOKS; look += 1) {
    await sleep(PAUSE_MS);
    const { value, ...took } = await timed(() => observer.observe());
    later.push(took);
    fleet = value;
  }
  const decisions: number[] = [];
  for (let decision = 0; decision < DECISIONS; decision += 1)
    decisions.push((await timed(async () => plan(fleet, policy, Date.now()))).cpuMs);
  const memory = megabytes();
  relays.close();
  await connectGce({ project: 'bench', endpoint: 'http://127.0.0.1:9' });
  return {
    first: { ms: first.ms, cpuMs: first.cpuMs },
    later: { ms: median(later.map(({ ms }) => ms)), cpuMs: median(later.map(({ cpuMs }) => cpuMs)) },
    silent: fleet.relays.filter((relay) => relay.looks.at(-1)?.kind !== 'answer').length,
    decideMs: median(decisions),
    ...{ memory, memoryWithGce: megabytes() },
  };
}

process.send?.(await watch());
process.disconnect();
