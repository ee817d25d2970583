/** `rollout report`: journals, and what callers told, → report.json and report.html. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { EXIT, FleetError, reasonOf } from '../../lib/errors.ts';
import { JOURNAL_FOLDER, journalsOf } from '../adapters/journal.ts';
import { readSharedJournal } from '../adapters/redis-journal.ts';
import type { RolloutEvent } from '../core/events.ts';
import { lastRollout, neverBegan, type RunEnded } from '../core/history.ts';
import { buildReport } from '../report/build.ts';
import { type CallLine, readLines } from '../report/call-lines.ts';
import { renderReport } from '../report/html.ts';
import { controlPlace, type FleetOptions, withSession } from '../session.ts';

export type ReportOptions = FleetOptions & {
  readonly calls?: string;
  readonly out: string;
  /** Journals are read from the fleet's Redis, where a run on any machine leaves a copy. */
  readonly shared?: boolean;
};

/** `journals`: in the order of time; none: the last rollout of `.rollout`. Exit code 3: not all is well. */
export async function report(journals: readonly string[], options: ReportOptions): Promise<number> {
  const { calls, out } = options;
  if (options.shared && journals.length > 0) throw eitherOr();
  const files = journals.length > 0 ? journals : journalsOf(JOURNAL_FOLDER);
  const runs = options.shared ? await readShared(options) : files.map((file) => readJson<RolloutEvent>(file));
  const events = journals.length > 0 ? runs.flat() : lastRollout(runs);
  const told = calls === undefined ? [] : readJson<CallLine>(calls);
  const made = buildReport({ events, calls: told });
  const unbegun = neverBegan(runs);
  if (made === undefined)
    throw unbegun === undefined ? (options.shared ? nothingShared() : nothing(files)) : onlyRefused(unbegun);
  const page = join(out, 'report.html');
  try {
    mkdirSync(out, { recursive: true });
    writeFileSync(join(out, 'report.json'), `${JSON.stringify(made, null, 2)}\n`);
    writeFileSync(page, renderReport(made));
  } catch (cause) {
    throw new FleetError({
      kind: 'usage',
      code: 'report',
      message: `${out} cannot be written to: ${reasonOf(cause)}`,
      cause,
    });
  }
  if (unbegun !== undefined) process.stdout.write(`${unbegunWords(unbegun)} This is the one before it.\n`);
  const { ok, problems } = made.verdict;
  process.stdout.write(`${[page, ...problems].join('\n')}\n`);
  return ok ? EXIT.done : EXIT.halted;
}

async function readShared(options: ReportOptions): Promise<readonly (readonly RolloutEvent[])[]> {
  return await withSession(options, async (session) => {
    const { redis, fleet } = await controlPlace(session);
    if (redis !== undefined) return await readSharedJournal(redis, fleet);
    throw new FleetError({
      kind: 'usage',
      code: 'report',
      message: `Fleet ${fleet} has no Redis in which journals could be`,
      hint: 'Make the report on the machine that ran the rollout, without --shared.',
    });
  });
}

function eitherOr(): FleetError {
  return new FleetError({
    kind: 'usage',
    code: 'report',
    message: 'Journals are named, and --shared says to read those of the fleet’s Redis',
    hint: 'Leave out one of the two.',
  });
}

function nothingShared(): FleetError {
  return new FleetError({
    kind: 'usage',
    code: 'report',
    message: 'The Redis of this fleet holds no journal',
    hint: 'Make the report on the machine that ran the rollout, without --shared.',
  });
}

function readJson<T>(file: string): readonly T[] {
  try {
    return readLines<T>(readFileSync(file, 'utf8')).lines;
  } catch (cause) {
    throw new FleetError({
      kind: 'usage',
      code: 'report',
      message: `${file} cannot be read: ${reasonOf(cause)}`,
      cause,
    });
  }
}

function unbegunWords({ run, at, result, because }: RunEnded): string {
  return `The run ${run} of ${at} was ${result} before it had seen the fleet: ${because}`;
}

function onlyRefused(end: RunEnded): FleetError {
  return new FleetError({
    kind: 'usage',
    code: 'report',
    message: `There is nothing to report. ${unbegunWords(end)}`,
    ...(end.hint === undefined ? {} : { hint: end.hint }),
  });
}

function nothing(files: readonly string[]): FleetError {
  return new FleetError({
    kind: 'usage',
    code: 'report',
    message:
      files.length === 0
        ? `There is no journal in ${JOURNAL_FOLDER}`
        : `No run begins in ${files.join(', ')}`,
    hint: 'Run a rollout first, or name the journal that was given to it with --journal.',
  });
}
