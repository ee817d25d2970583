/**
 * `npm run demo`: builds two images, makes a fleet, calls through it, rolls it, and leaves nothing but the report.
 * Everything that it starts is ended when it ends, however that happens; after a `kill -9` the next demo does it.
 */
import { parseArgs } from 'node:util';
import { showProgress } from '../../image-builder/progress.ts';
import { EXIT, exitCodeOf, FleetError, reasonOf, wordError } from '../../lib/errors.ts';
import { cleanUp } from '../cleanup.ts';
import { labFolder, recordedLab } from '../lab-file.ts';
import { runDemo } from './demo.ts';
import { interrupted, listenForInterrupt } from './interrupt.ts';
import { takeDemoLock } from './lock.ts';
import type { Outcome } from './outcome.ts';
import { createPrograms, type Programs } from './programs.ts';

const HELP = `Usage: npm run demo [-- --keep]

Two golden images of two RTPEngine versions, three relays in three zones, live calls, and a rolling
update that cuts none of them; all on this machine. Writes report.json and report.html.

  --keep   leave the lab up afterwards; \`pnpm lab down\` removes it
  --help   this text

The lab lives in .lab, or in the folder that RTPFLEET_LAB names.
`;

const say = (text: string) => process.stdout.write(`${text}\n`);

async function main(argv: readonly string[]): Promise<number> {
  const flags = readFlags(argv);
  if (flags.help) {
    process.stdout.write(HELP);
    return EXIT.done;
  }
  if (process.getuid?.() !== 0) throw notRoot();
  const folder = labFolder();
  const interrupt = listenForInterrupt();
  const lock = await takeDemoLock(folder);
  try {
    await makeWay(folder, lock.foundLeftovers);
    return await demoOn(folder, createPrograms(lock.note), flags.keep, interrupt.signal);
  } finally {
    await lock.release();
    interrupt.forget();
  }
}

/** The demo, and everything down after it, however it ended; only `keep` leaves the lab up, and never after Ctrl-C. */
async function demoOn(
  folder: string,
  programs: Programs,
  keep: boolean,
  signal: AbortSignal,
): Promise<number> {
  const startedAt = Date.now();
  const isWatched = process.stdout.isTTY === true;
  const progress = showProgress(isWatched ? 'default' : 'simple');
  const takeDown = async () => {
    await programs.endAll();
    if (!keep || signal.aborted) await cleanUp(folder);
  };
  const outcome = await runDemo({ folder, progress, programs, isWatched, signal }).catch(
    async (error: unknown) => {
      await takeDown();
      throw signal.aborted ? interrupted('Everything that the demo had started is down.') : error;
    },
  );
  if (keep) await takeDown();
  else await progress('Take the lab down', takeDown);
  tell(outcome, keep, startedAt);
  return outcome.ok ? EXIT.done : EXIT.halted;
}

function notRoot(): FleetError {
  return new FleetError({
    kind: 'usage',
    code: 'not-root',
    message: 'The demo starts machines, which takes root.',
    hint: 'Start it with `npm run demo`, which asks for root through sudo, or as root.',
  });
}

function readFlags(argv: readonly string[]): { readonly keep: boolean; readonly help: boolean } {
  try {
    // npm hands `--` on as it is.
    const args = argv.filter((word) => word !== '--');
    const { values } = parseArgs({ args, options: { keep: { type: 'boolean' }, help: { type: 'boolean' } } });
    return { keep: values.keep === true, help: values.help === true };
  } catch (cause) {
    throw new FleetError({
      kind: 'usage',
      code: 'demo-flags',
      message: `demo: ${reasonOf(cause)}`,
      hint: 'Try npm run demo -- --help.',
    });
  }
}

/** What a killed demo left is removed; a lab that somebody else has up is not touched. */
async function makeWay(folder: string, foundLeftovers: boolean): Promise<void> {
  if (foundLeftovers) {
    await cleanUp(folder);
    say('Removed what a demo left that was killed.');
    return;
  }
  if ((await recordedLab(folder)) === undefined) return;
  throw new FleetError({
    kind: 'usage',
    code: 'lab-there',
    message: `There is a lab in ${folder} already, and the demo wants one of its own.`,
    hint: 'Take it down with `pnpm lab down`, or name another folder: RTPFLEET_LAB=/var/tmp/demo npm run demo',
  });
}

function tell({ line, problems, page, ok }: Outcome, isKept: boolean, startedAt: number): void {
  const seconds = Math.round((Date.now() - startedAt) / 1_000);
  say('');
  for (const problem of problems) say(`  ${problem}`);
  say(
    `The demo took ${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s. Look at the report in a browser:`,
  );
  say(`  file://${page}`);
  if (isKept) say('The lab is still up: pnpm lab status, pnpm rollout status, pnpm lab down.');
  else if (!ok) say('To look at the fleet, run it again with: npm run demo -- --keep');
  say(line);
}

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${wordError(error)}\n`);
  return exitCodeOf(error);
});
