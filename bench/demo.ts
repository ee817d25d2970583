/**
 * `node bench/demo.ts`: how quick the demo and its parts are, beside what they should be. Needs root; images are built first
 * if they are not there. Runs one whole demo on a lab of its own, and takes that lab down.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadFleet } from '../configs/load.ts';
import { GUEST } from '../configs/naming.ts';
import { DEMO, ROOT } from '../lab/demo/plan.ts';
import { lookAtFleet } from '../lab/demo/steps.ts';
import { readLab } from '../lab/lab-file.ts';
import { TIMING } from '../lab/server.ts';
import { connectGce } from '../lib/gce.ts';
import type { Report } from '../rollout/report/types.ts';
import { bootSeconds } from './boot.ts';
import { type DrainWatch, watchDrains } from './drain-watch.ts';
import { type Measured, median, wordMeasured, wordSteps } from './numbers.ts';
import { rolloutTime, type Seen } from './rollout-time.ts';

/** Nothing was seen from outside. */
const BLIND: Seen = { goneAt: () => undefined, backAt: () => undefined, checkedAt: () => undefined };

const HELP_RUNS = 15;
const BOOTS = 5;

const parent = realpathSync(mkdtempSync(join(tmpdir(), 'rtpfleet-bench-')));
const folder = join(parent, 'lab');
const env = { ...process.env, RTPFLEET_LAB: folder };

function seconds(from: number): number {
  return (performance.now() - from) / 1_000;
}

/** Runs a file of the repository; its stdout comes line by line. */
async function run(file: string, args: readonly string[], onText: (text: string) => void): Promise<number> {
  const child = spawn(process.execPath, [join(ROOT, file), ...args], {
    ...{ cwd: ROOT, env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child.stdout.on('data', (chunk) => onText(String(chunk)));
  return await new Promise((resolve) => child.once('close', (code) => resolve(code ?? 1)));
}

function timeHelp(): number {
  const times = Array.from({ length: HELP_RUNS }, () => {
    const from = performance.now();
    spawnSync(process.execPath, [join(ROOT, 'rollout/cli.ts'), '--help']);
    return seconds(from);
  });
  return median(times);
}

type DemoRun = {
  readonly seconds: number;
  readonly wasCached: boolean;
  readonly drains: DrainWatch | undefined;
};

/** One demo that leaves its lab up. */
async function runDemo(): Promise<DemoRun> {
  let text = '';
  let watch: Promise<DrainWatch> | undefined;
  const from = performance.now();
  const code = await run('lab/demo/main.ts', ['--keep'], (chunk) => {
    text += chunk;
    process.stderr.write(chunk);
    if (text.includes('relays take calls')) watch ??= startWatch();
  });
  if (code !== 0) throw new Error(`the demo ended with exit code ${code}`);
  const took = seconds(from);
  const drains = await watch;
  drains?.stop();
  return { seconds: took, wasCached: text.split('is made already').length === 3, drains };
}

async function startWatch(): Promise<DrainWatch> {
  const lab = await readLab(folder);
  const gce = await connectGce({ project: lab.project, endpoint: lab.endpoint });
  const queryPath = `${GUEST.namespace}/${GUEST.health}`;
  const relays = await lookAtFleet({ lab });
  const watch = watchDrains(
    relays.flatMap(({ relay: { name, zone }, address }) =>
      address === undefined
        ? []
        : {
            ...{ name, address },
            hasChecked: async () => {
              await gce.call('instances', 'getGuestAttributes', { zone, instance: name, queryPath });
              return true;
            },
          },
    ),
  );
  const stop = () => {
    watch.stop();
    void gce.close();
  };
  return { ...watch, stop };
}

async function takeDown(): Promise<number> {
  const from = performance.now();
  await run('lab/cli.ts', ['down'], () => {});
  return seconds(from);
}

async function measure(): Promise<readonly Measured[]> {
  const help = timeHelp();
  let demo = await runDemo();
  if (!demo.wasCached) {
    await takeDown();
    demo = await runDemo();
  }
  const report = JSON.parse(readFileSync(join(ROOT, 'report.json'), 'utf8')) as Report;
  const { drains = BLIND } = demo;
  const seen = report.relays.flatMap(({ name, emptyAt = '' }) => {
    const gone = drains.goneAt(name, emptyAt);
    return gone === undefined ? [] : [(Date.parse(emptyAt) - gone) / 1_000];
  });
  const { rollout } = loadFleet(DEMO.fleetFile);
  const time = rolloutTime(report, drains, {
    gatePackets: rollout.gatePackets,
    operationSeconds: TIMING.operationMs / 1_000,
  });
  process.stdout.write(`\nthe rollout, ${time.total.toFixed(1)} s:\n${wordSteps(time.steps)}\n`);
  const boots: number[] = [];
  for (let boot = 0; boot < BOOTS; boot += 1) boots.push(await bootSeconds(await readLab(folder), boot));
  const down = await takeDown();
  return [
    { what: 'second npm run demo, images cached', measured: demo.seconds + down, wanted: 180 },
    {
      what: `lab node, from the order for it to ng pong (median of ${BOOTS})`,
      measured: median(boots),
      wanted: 3,
    },
    { what: `rollout --help (median of ${HELP_RUNS})`, measured: help, wanted: 0.2 },
    {
      what: `drain seen after the last call was gone (worst of ${seen.length})`,
      measured: Math.max(...seen),
      wanted: 1,
    },
    { what: 'rollout over its lower bound', measured: time.total / time.bound, wanted: 1.05, unit: '' },
  ];
}

try {
  const all = await measure();
  process.stdout.write(`\n${wordMeasured(all)}\n`);
  process.exitCode = all.every(({ measured, wanted }) => measured <= wanted) ? 0 : 3;
} finally {
  await takeDown();
  rmSync(parent, { recursive: true, force: true });
}
