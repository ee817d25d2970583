/**
 * `node bench/rollout.ts`: how the rollout scales, beside what it should. Looks at four thousand relays over real sockets of
 * this machine, simulates fleets of up to ten thousand, and plays a million calls under faults. Exit code 3 if a figure misses.
 */
import { type ChildProcess, fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import process from 'node:process';
import { loadFleet } from '../configs/load.ts';
import { effectivePolicy, type Policy } from '../rollout/core/policy.ts';
import { type Measured, wordMeasured } from './numbers.ts';
import { FAULTS, playChaos } from './rollout/chaos.ts';
import { seeded } from './rollout/seeded.ts';
import { simulateOneByOne, simulateSizes } from './rollout/simulating.ts';
import type { Watched } from './rollout/watch.ts';

const RELAYS = 4_000;
const GROUPS = 30;
const NG_PORT = 22_322;
const CLI_PORT = 22_323;
const CALLS = 1_000_000;

const lab = loadFleet('configs/fleets/lab.yaml');
const policy: Policy = { ...effectivePolicy(lab, { drain: true }), pollSeconds: 1, drainSeconds: 0 };

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** A process of this bench on a processor of its own, where there are two. */
function start(file: string, core: number, words: readonly (string | number)[]): ChildProcess {
  const child = fork(new URL(file, import.meta.url), words.map(String));
  if (availableParallelism() > 1 && child.pid !== undefined)
    spawnSync('taskset', ['--all-tasks', '--cpu-list', '--pid', String(core), String(child.pid)]);
  return child;
}

/** The next thing that a process says. */
async function heard<T>(child: ChildProcess): Promise<T> {
  const gone = once(child, 'exit').then(() => Promise.reject(new Error('a process of the bench has ended')));
  const [message] = await Promise.race([once(child, 'message'), gone]);
  return message as T;
}

async function watching(): Promise<readonly Measured[]> {
  const relays = start('./rollout/relays.ts', 1, [RELAYS, NG_PORT, CLI_PORT]);
  await heard(relays);
  const processorOfRelays = async () => {
    relays.send('how much');
    return await heard<number>(relays);
  };
  const all: Measured[] = [];
  for (const [version, door] of [
    ['mr10.5.3.5', 'CLI connections'],
    ['mr13.4.1.10', 'ng alone'],
  ] as const) {
    const before = await processorOfRelays();
    const watched = await heard<Watched>(
      start('./rollout/watch.ts', 0, [RELAYS, GROUPS, version, NG_PORT, CLI_PORT]),
    );
    const ofRelays = (await processorOfRelays()) - before;
    say(wordWatched(`${version}, limits over ${door}`, watched, ofRelays));
    all.push(...figuresOf(watched, door));
  }
  relays.disconnect();
  return all;
}

function wordWatched(title: string, { first, later, ...rest }: Watched, ofRelays: number): string {
  const { decideMs, memory, memoryWithGce, silent } = rest;
  return [
    `${RELAYS} relays in ${GROUPS} groups, ${title}`,
    `  first look  ${first.ms.toFixed(0)} ms, ${first.cpuMs.toFixed(0)} ms of processor`,
    `  later ones  ${later.ms.toFixed(0)} ms, ${later.cpuMs.toFixed(0)} ms of processor; ${silent} relays silent`,
    `  a decision  ${decideMs.toFixed(1)} ms of processor`,
    `  memory      ${memory.toFixed(0)} MB, ${memoryWithGce.toFixed(0)} MB with Google's client`,
    `  the simulated relays took ${ofRelays.toFixed(0)} ms of processor for all of that`,
  ].join('\n');
}

function figuresOf({ first, later, decideMs, memory, silent }: Watched, door: string): readonly Measured[] {
  return [
    { what: `first look at ${RELAYS} relays, limits over ${door}`, measured: first.ms / 1000, wanted: 2 },
    { what: '  a later look', measured: later.ms / 1000, wanted: 2 },
    { what: '  relays that did not answer', measured: silent, wanted: 0, unit: '' },
    { what: '  a decision, of processor', measured: decideMs, wanted: 50, unit: 'ms' },
    { what: '  memory', measured: memory, wanted: 250, unit: 'MB' },
  ];
}

function simulating(): readonly Measured[] {
  const all = simulateSizes(GROUPS, policy);
  for (const { relays, seconds, acts, hours, result } of all)
    say(
      `rollout of ${relays} relays simulated: ${result}, ${seconds.toFixed(2)} s of processor, ${((seconds * 1e6) / relays).toFixed(0)} us a relay, ${acts} acts, ${hours.toFixed(2)} h`,
    );
  const oneByOne = simulateOneByOne(policy);
  const perRelay = (relays: number) => (all.find((one) => one.relays === relays)?.seconds ?? 0) / relays;
  const failed = [...all, oneByOne].filter(({ result }) => result !== 'done').length;
  return [
    {
      what: 'a rollout of 10000 relays simulated, of processor',
      measured: perRelay(10_000) * 10_000,
      wanted: 10,
    },
    {
      what: '  a relay of 10000 over a relay of 1000',
      measured: perRelay(10_000) / perRelay(1_000),
      wanted: 1.5,
      unit: '',
    },
    { what: '  rollouts that did not end well', measured: failed, wanted: 0, unit: '' },
    {
      what: 'rollout over its lower bound, relay by relay',
      measured: oneByOne.overBound,
      wanted: 1.05,
      unit: '',
    },
    {
      what: `  ${RELAYS} relays, group by group`,
      measured: all.find(({ relays }) => relays === RELAYS)?.overBound ?? Number.POSITIVE_INFINITY,
      wanted: 1.05,
      unit: '',
    },
  ];
}

async function chaos(): Promise<readonly Measured[]> {
  const load = { perSecond: 120, surges: true, calls: CALLS, shortest: 1_000, longest: 180_000 };
  const story = { zones: 6, perZone: 20, load, faults: FAULTS, random: seeded(1), start: 0 };
  const hard: Policy = {
    ...policy,
    ...{ maxUnavailable: '5%', preCordon: 2, reserve: 'relay', relayCalls: 400, replaceSeconds: 600 },
  };
  const before = process.cpuUsage();
  const { cut, refused, placed, kills, processes, end, amiss, hours } = await playChaos(story, hard);
  const { user, system } = process.cpuUsage(before);
  say(
    `${placed} calls in ${hours.toFixed(1)} h of faults: ${kills} controllers killed, ${processes} needed; ${end}; ${((user + system) / 1e6).toFixed(0)} s of processor`,
  );
  return [
    { what: `of ${CALLS} calls under faults: cut`, measured: cut, wanted: 0, unit: '' },
    { what: '  refused', measured: refused, wanted: 0, unit: '' },
    { what: '  relays amiss at the end', measured: end === 'done' ? amiss : RELAYS, wanted: 0, unit: '' },
  ];
}

const all = [...(await watching()), ...simulating(), ...(await chaos())];
say(`\n${wordMeasured(all)}`);
process.exitCode = all.every(({ measured, wanted }) => measured <= wanted) ? 0 : 3;
