/** The demo from the first to the last step. Whoever calls it takes the lab down afterwards. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Line, Progress } from '../../image-builder/progress.ts';
import { isFleetError } from '../../lib/errors.ts';
import type { RolloutEvent } from '../../rollout/core/events.ts';
import type { CallLine } from '../../rollout/report/call-lines.ts';
import { startLab } from '../start.ts';
import { judge, type Outcome, writeReport } from './outcome.ts';
import { DEMO } from './plan.ts';
import type { Programs } from './programs.ts';
import { forLog } from './quiet.ts';
import { rollTheFleet, wordRolloutEvent } from './roll.ts';
import { applyImage, buildAndPromote, type Demo, lookAtFleet, waitUntilServing } from './steps.ts';
import { startTraffic, type Traffic } from './traffic.ts';

export type DemoOptions = {
  /** The lab's folder; no lab is in it. */
  readonly folder: string;
  readonly progress: Progress;
  readonly programs: Programs;
  /** A person watches: progress is told each second, and not only when something happens. */
  readonly isWatched: boolean;
  /** Aborted by Ctrl-C, with the FleetError to end with. */
  readonly signal: AbortSignal;
};

/** Rejects with a FleetError when a step fails; what the rollout had done until then is in the report all the same. */
export async function runDemo(options: DemoOptions): Promise<Outcome> {
  const { progress, signal, folder, programs } = options;
  const lab = await progress('Start the lab', async (line) => {
    const { lab } = await startLab({ folder, abort: signal });
    line.result(`${lab.endpoint}, machines in ${lab.range}`);
    return lab;
  });
  const demo: Demo = { lab, progress, signal };
  const calm: Demo = options.isWatched ? demo : { ...demo, progress: forLog(progress) };
  const before = await buildAndPromote(calm, DEMO.before);
  const after = await buildAndPromote(calm, DEMO.after);
  const relays = await createFleet(calm, before);
  const heard: Heard = { onCall: () => {}, onEvent: () => {} };
  const traffic = await startTraffic(programs, lab, relays, (line) => heard.onCall(line));
  await progress(
    `Put calls of ${DEMO.calls.seconds.join(' to ')} s on it, with RTP both ways`,
    async (line) => {
      await traffic.reached(DEMO.calls.atLeast, signal);
      line.result(`${traffic.talking()} at once, and they keep coming`);
    },
  );
  await calm.progress(`Point the groups at ${DEMO.after.version}`, async (line) => {
    const changes = await applyImage(calm, after, line.at);
    line.result(`${changes} resources made or changed, no relay moved`);
  });
  return await rollAndCollect(options, demo, traffic, heard);
}

/** What is heard from the programs goes to whoever shows it at the moment. */
type Heard = { onCall: (line: CallLine) => void; onEvent: (event: RolloutEvent) => void };

async function createFleet(demo: Demo, image: string): Promise<readonly string[]> {
  const { version } = DEMO.before;
  const relays = await demo.progress(
    `Create the fleet on ${version}: three zones, one relay each`,
    async (line) => {
      const changes = await applyImage(demo, image, line.at);
      const serving = await waitUntilServing(demo, version, line.at);
      line.result(`${changes} resources, ${serving.length} relays take calls`);
      return serving;
    },
  );
  return relays.flatMap(({ address }) => address ?? []);
}

async function rollAndCollect(
  options: DemoOptions,
  demo: Demo,
  traffic: Traffic,
  heard: Heard,
): Promise<Outcome> {
  const { progress, signal } = options;
  const journal = join(demo.lab.folder, 'demo', 'journal.jsonl');
  const failure = await progress('Roll the fleet: rollout --drain', (line) =>
    roll(options, demo, traffic, heard, journal, line),
  ).catch((error: unknown) => error);
  if (failure !== undefined && (!isFleetError(failure) || signal.aborted)) throw failure;
  await progress('Let the last calls end', async (line) => {
    await sleep(DEMO.afterwards * 1_000, undefined, { signal }).catch(() => signal.throwIfAborted());
    const { calls } = await orAbort(traffic.stop(), signal);
    line.result(`${calls} calls in all`);
  });
  const relays = await lookAtFleet(demo);
  const { report, page } = await progress('Write the report', async (line) => {
    const written = writeReport(journal, traffic.lines);
    line.result(written.page);
    return written;
  });
  if (failure !== undefined) throw failure;
  return judge({ report, relays, page });
}

async function roll(
  { programs, isWatched, signal }: DemoOptions,
  { lab }: Demo,
  traffic: Traffic,
  heard: Heard,
  journal: string,
  line: Line,
): Promise<void> {
  const startedAt = Date.now();
  let last = 'looking at the fleet';
  const tell = () => line.at(`${last} · ${traffic.words()}`);
  heard.onCall = ({ kind }) => {
    if (isWatched && kind === 'second') tell();
  };
  const onEvent = (event: RolloutEvent) => {
    const words = wordRolloutEvent(event);
    if (words === undefined) return;
    last = words;
    if (isWatched || event.kind !== 'relay-observed') tell();
  };
  await rollTheFleet(programs, lab, journal, { signal, onEvent });
  heard.onCall = () => {};
  line.result(`done in ${Math.round((Date.now() - startedAt) / 1_000)} s; ${traffic.words()}`);
}

/** Waits, but not beyond Ctrl-C. */
async function orAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
