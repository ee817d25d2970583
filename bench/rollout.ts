/**
 * How the rollout scales: `node bench/rollout.ts`. Four thousand relays over real sockets of this machine, the simulator for up
 * to ten thousand, and a million simulated calls under faults. Exit code 1 if a call was cut or a limit is missed.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { loadFleet } from '../configs/load.ts';
import { relayDoor } from '../rollout/adapters/relay.ts';
import type { CloudRelay, Fleet } from '../rollout/core/fleet.ts';
import { plan } from '../rollout/core/plan.ts';
import { effectivePolicy, type Policy } from '../rollout/core/policy.ts';
import { preview } from '../rollout/core/preview.ts';
import { createObserver } from '../rollout/observe.ts';
import type { Cloud, ZoneView } from '../rollout/ports.ts';
import { median } from './numbers.ts';
import { addressOf } from './rollout/addresses.ts';
import { playChaos } from './rollout/chaos.ts';
import { simulated } from './rollout/fleets.ts';

const RELAYS = 4_000;
const GROUPS = 30;
const NG_PORT = 22_322;
const CLI_PORT = 22_323;
const WANTED = { observeMs: 2_000, decideMs: 50, rssMb: 250, bound: 1.05 };

const lab = loadFleet('configs/fleets/lab.yaml');
const file = { ...lab, rollout: { ...lab.rollout, pollSeconds: 1 } };
const policy: Policy = { ...effectivePolicy(file, { drain: true, maxUnavailable: '5%' }), drainSeconds: 0 };
let failed = false;

function say(what: string, figure: string, ok = true): void {
  failed ||= !ok;
  process.stdout.write(`${what.padEnd(58)} ${figure}${ok ? '' : '   MISSED'}\n`);
}

async function observing(): Promise<void> {
  const child = fork(
    new URL('./rollout/relays.ts', import.meta.url),
    [RELAYS, NG_PORT, CLI_PORT].map(String),
  );
  const gone = once(child, 'exit').then(() => Promise.reject(new Error('the relays did not start')));
  await Promise.race([once(child, 'message'), gone]);
  const rtpengine = { ...file.rtpengine, ngPort: NG_PORT, cliPort: CLI_PORT };
  const relays = relayDoor({ ...file, rtpengine });
  const clock = { now: Date.now, sleep: async () => undefined };
  const zones = Array.from({ length: GROUPS }, (_, index) => `z${index}`);
  const cloud = cloudOf((zone) => zoneView(zone, zones.indexOf(zone)));
  const observer = createObserver({ cloud, relays, clock }, { name: 'bench', zones, policy });
  const first = await timed(() => observer.observe());
  const { looks, silent } = countLooks(first.value);
  say(
    `observe ${RELAYS} relays in ${GROUPS} groups, first look`,
    `${first.ms.toFixed(0)} ms, with their limits`,
  );
  const again: number[] = [];
  const busy: number[] = [];
  let fleet = first.value;
  for (let round = 0; round < 5; round += 1) {
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    const { ms, cpuMs, value } = await timed(() => observer.observe());
    again.push(ms);
    busy.push(cpuMs);
    fleet = value;
  }
  const ms = median(again);
  const cpu = median(busy);
  say(
    '  every later look (median of 5)',
    `${ms.toFixed(0)} ms, ${cpu.toFixed(0)} ms of processor`,
    ms <= WANTED.observeMs,
  );
  say('  answers, and relays without one', `${looks}, ${silent}`, silent === 0);
  const decisions = Array.from({ length: 9 }, () => busyFor(() => plan(fleet, policy, Date.now())));
  const decide = median(decisions);
  say('decide (median of 9)', `${decide.toFixed(1)} ms of processor`, decide <= WANTED.decideMs);
  const rss = process.memoryUsage().rss / 2 ** 20;
  say('memory of the process', `${rss.toFixed(0)} MiB`, rss <= WANTED.rssMb);
  relays.close();
  child.disconnect();
}

function cloudOf(view: (zone: string) => ZoneView): Cloud {
  const never = () => Promise.reject(new Error('nothing is changed here'));
  return {
    readZone: async (zone) => view(zone),
    readReport: never,
    mark: never,
    unmark: never,
    awaitController: never,
    release: never,
    replace: never,
  };
}

function zoneView(zone: string, index: number): ZoneView {
  const target = { zone, template: 'new', image: 'new', version: 'mr12.5.1.31' };
  const all = Array.from({ length: RELAYS }, (_, relay) => relay).filter((relay) => relay % GROUPS === index);
  const relays = all.map(
    (relay): CloudRelay => ({
      zone,
      name: `relay-${relay}`,
      id: String(relay + 1),
      address: addressOf(relay),
      vm: { state: 'ready', detail: 'NONE RUNNING', createdAt: 0 },
      template: 'old',
      onTarget: false,
      version: 'mr10.5.3.5',
      cordon: undefined,
      leave: undefined,
      forcedBy: undefined,
      awaitsController: false,
    }),
  );
  return { target, relays };
}

function countLooks({ relays }: Fleet) {
  const silent = relays.filter((relay) => relay.looks.at(-1)?.kind !== 'answer').length;
  return { looks: relays.length - silent, silent };
}

function simulating(): void {
  const assume = { drainMs: () => 300_000, replaceMs: 60_000 };
  for (const relays of [100, 1_000, 4_000, 10_000]) {
    const fleet = simulated(relays, GROUPS, 20);
    const before = process.cpuUsage();
    const { result, ms, steps } = preview(fleet, policy, assume, 0);
    const took = cpuSince(before);
    const each = (took * 1000) / relays;
    say(
      `simulate a rollout of ${relays} relays`,
      `${(took / 1000).toFixed(2)} s, ${each.toFixed(0)} us a relay, ${steps.length} acts, ${(ms / 3_600_000).toFixed(1)} h`,
      result === 'done',
    );
  }
  const one = simulated(12, 3, 20);
  const { ms } = preview(one, { ...policy, maxUnavailable: 1 }, assume, 0);
  const ratio = ms / (12 * (300_000 + 60_000));
  say('time over the lower bound (each: longest call + boot)', ratio.toFixed(3), ratio <= WANTED.bound);
}

function chaos(): void {
  const story = { seed: 1, zones: 6, perZone: 20, callsPerSecond: 120, calls: 1_000_000, callSeconds: 180 };
  const reserve: Policy = {
    ...policy,
    replaceSeconds: 100_000,
    relayCalls: 400,
    reserve: 'relay',
    preCordon: 2,
  };
  const started = performance.now();
  const end = playChaos(story, reserve, seeded(story.seed), 0);
  const took = ((performance.now() - started) / 1000).toFixed(0);
  say(
    `${end.placed} calls, with faults, ${end.kills} kills (${took} s)`,
    `${end.cut} cut, ${end.refused} refused, ${end.end}`,
    end.cut === 0 && end.refused === 0 && end.end === 'done',
  );
}

type Timed<T> = { readonly ms: number; readonly cpuMs: number; readonly value: T };

async function timed<T>(act: () => Promise<T>): Promise<Timed<T>> {
  const started = performance.now();
  const before = process.cpuUsage();
  const value = await act();
  return { ms: performance.now() - started, cpuMs: cpuSince(before), value };
}

/** Milliseconds of processor: what it takes on one core that is free. */
function busyFor(act: () => unknown): number {
  const before = process.cpuUsage();
  act();
  return cpuSince(before);
}

function cpuSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** mulberry32: the same numbers for the same seed, everywhere. */
function seeded(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

await observing();
simulating();
chaos();
process.exitCode = failed ? 1 : 0;
