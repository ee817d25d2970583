/** A run on a terminal: one line per relay that is not done, drawn by listr2 from the events alone. */
import process from 'node:process';
import { Listr, type ListrTask } from 'listr2';
import type { EventBody, RelayRef, RelayState, RolloutEvent } from '../core/events.ts';
import type { View } from './choose.ts';
import { etaWords } from './eta.ts';
import { endLines, linesOf, stateWords } from './lines.ts';

type Task = { title: string; output: string; readonly skip: (message: string) => unknown };

/** A drawn relay: `task` once listr2 has begun it, `finish` ends its line. */
type Line = { task: Task | undefined; title: string; output: string; finish: () => void; done: boolean };

type Screen = {
  readonly lines: Map<string, Line>;
  /** A run that has begun, and of which nothing is drawn yet. */
  pending: Started | undefined;
  drawn: Promise<unknown> | undefined;
};

export function screenView(): View {
  const screen: Screen = { lines: new Map(), pending: undefined, drawn: undefined };
  return {
    show: (event) => show(screen, event),
    close: async () => {
      await screen.drawn;
    },
  };
}

/** What is printed as lines comes before the picture; a run that is refused gets none. */
const BEFORE_PICTURE: readonly RolloutEvent['kind'][] = ['locked', 'target-set', 'run-started', 'foreseen'];

function show(screen: Screen, event: RolloutEvent): void {
  const { pending } = screen;
  if (pending !== undefined && !BEFORE_PICTURE.includes(event.kind)) {
    screen.pending = undefined;
    if (event.kind !== 'run-ended') begin(screen, pending);
  }
  switch (event.kind) {
    case 'run-started':
      print(event);
      screen.pending = event;
      return;
    case 'relay-observed':
      update(screen, event.relay, `${event.relay.name}: ${stateWords(event)}`, undefined);
      if (event.phase === 'serving') end(screen, event.relay);
      return;
    case 'action-decided':
      update(screen, event.relay, undefined, `${event.action}: ${event.because}`);
      return;
    case 'action-failed':
      update(screen, event.relay, undefined, `${event.action} failed: ${event.message}`);
      return;
    case 'eta':
      update(screen, event.relay, undefined, etaWords(event));
      return;
    case 'hold':
      if (event.relay !== undefined) update(screen, event.relay, undefined, event.because);
      return;
    case 'wish':
      for (const line of screen.lines.values()) {
        if (!line.done) Object.assign(line, { output: `${event.wish}, asked by ${event.by}` });
        draw(line);
      }
      return;
    case 'run-ended':
      finish(screen, event);
      return;
    case 'locked':
    case 'target-set':
    case 'foreseen':
      print(event);
      return;
    case 'action-done':
    case 'hold-ended':
    case 'relay-admitted':
    case 'observe-failed':
    case 'notify-failed':
      return;
    default:
      event satisfies never;
  }
}

function print(event: RolloutEvent): void {
  for (const line of linesOf(event)) process.stdout.write(`${line}\n`);
}

type Started = Extract<EventBody, { readonly kind: 'run-started' }>;

/** One task per relay that is to be replaced, under its zone; a task ends when its relay serves. */
function begin(screen: Screen, { relays }: Started): void {
  const waiting = relays.filter(({ phase }) => phase !== 'serving');
  const zones = [...new Set(waiting.map(({ relay }) => relay.zone))];
  const tasks = zones.map((zone): ListrTask => {
    const own = waiting.filter(({ relay }) => relay.zone === zone);
    return {
      title: zone,
      task: (_, task) =>
        task.newListr(
          own.map((state) => drawn(screen, state)),
          { concurrent: true },
        ),
    };
  });
  const list = new Listr(tasks, {
    concurrent: true,
    exitOnError: false,
    registerSignalListeners: false,
    rendererOptions: { collapseSubtasks: false },
  });
  screen.drawn = list.run();
}

function drawn(screen: Screen, state: RelayState): ListrTask {
  const title = `${state.relay.name}: ${stateWords(state)}`;
  const line: Line = { task: undefined, title, output: '', finish: () => undefined, done: false };
  const ended = new Promise<void>((resolve) => {
    line.finish = resolve;
  });
  screen.lines.set(state.relay.name, line);
  return {
    title,
    task: async (_, task) => {
      line.task = task;
      draw(line);
      await ended;
    },
  };
}

function update(
  screen: Screen,
  relay: RelayRef,
  title: string | undefined,
  output: string | undefined,
): void {
  const line = screen.lines.get(relay.name);
  if (line === undefined || line.done) return;
  line.title = title ?? line.title;
  line.output = output ?? line.output;
  draw(line);
}

function draw({ task, title, output }: Line): void {
  if (task === undefined) return;
  task.title = title;
  task.output = output;
}

function end(screen: Screen, relay: RelayRef): void {
  const line = screen.lines.get(relay.name);
  if (line === undefined) return;
  line.done = true;
  line.finish();
}

/** Relays that were not reached are drawn as skipped; then the result, in words. */
function finish(screen: Screen, event: RolloutEvent & { readonly kind: 'run-ended' }): void {
  for (const line of screen.lines.values()) {
    if (line.done) continue;
    line.task?.skip(line.title);
    line.finish();
  }
  screen.drawn = Promise.resolve(screen.drawn).then(() => {
    process.stdout.write(`\n${endLines(event).join('\n')}\n`);
  });
}
