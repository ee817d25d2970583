/** The journal: one JSON line per event, written before the next thing happens. History for people, never an input. */
import { appendFileSync, mkdirSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FleetError, reasonOf } from '../../lib/errors.ts';
import { EVENT_VERSION, type EventBody, type RolloutEvent } from '../core/events.ts';
import type { Clock, Journal } from '../ports.ts';

export const JOURNAL_FOLDER = '.rollout';

/** Where a run's journal goes unless `--journal` says otherwise. */
export function journalFile(run: string): string {
  return `${JOURNAL_FOLDER}/${run}.jsonl`;
}

/** The journals of runs that were started in this folder, oldest first: their names begin with their time. */
export function journalsOf(folder: string): readonly string[] {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
    return names.toSorted().map((name) => join(folder, name));
  } catch {
    return []; // no run was ever started here
  }
}

/**
 * Opens the journal of a run; every event is handed to `views` as well. Rejects a place that cannot be written to. A line that
 * cannot be written is a failure of kind `stop`: what is not told first is not done.
 */
export function openJournal(
  file: string,
  run: string,
  clock: Pick<Clock, 'now'>,
  views: readonly ((event: RolloutEvent) => void)[],
): Journal {
  append(file, '', 'usage');
  return {
    write: (body: EventBody) => {
      const at = new Date(clock.now()).toISOString();
      const event: RolloutEvent = { v: EVENT_VERSION, at, run, ...body };
      try {
        append(file, `${JSON.stringify(event)}\n`, 'stop');
      } finally {
        // A disk that is full keeps nobody from hearing why the run ends.
        for (const view of views) view(event);
      }
    },
  };
}

function append(file: string, text: string, kind: 'usage' | 'stop'): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    appendFileSync(file, text);
  } catch (cause) {
    throw new FleetError({
      kind,
      code: 'journal',
      message: `The journal ${file} cannot be written: ${reasonOf(cause)}`,
      hint:
        kind === 'usage'
          ? 'Name another file with --journal FILE.'
          : 'Every relay stays as it is. Make room, or name another file with --journal FILE, and run it again.',
      cause,
    });
  }
}
