/** A run on a terminal: zones, and the relays under way in them, drawn by listr2 from the events alone. */
import process from 'node:process';
import { Listr, type ListrTask } from 'listr2';
import type { RolloutEvent } from '../core/events.ts';
import type { View } from './choose.ts';
import { endLines, linesOf } from './lines.ts';
import {
  isZoneDone,
  type Picture,
  pictureAfter,
  pictureOf,
  runLines,
  zoneLines,
  zoneTitle,
} from './picture.ts';
import { wrap } from './wrap.ts';

/** A drawn zone: `task` once listr2 has begun it, `finish` ends it. */
type Drawn = {
  task: { title: string; output: string } | undefined;
  readonly finish: () => void;
  readonly ended: Promise<void>;
};

type Screen = {
  picture: Picture | undefined;
  /** The list is drawn from the first event that is not printed above it. */
  list: Listr | undefined;
  readonly zones: Map<string, Drawn>;
  due: NodeJS.Timeout | undefined;
  drawn: Promise<unknown> | undefined;
};

export function screenView(): View {
  const screen: Screen = {
    picture: undefined,
    list: undefined,
    zones: new Map(),
    due: undefined,
    drawn: undefined,
  };
  return {
    show: (event) => show(screen, event),
    close: async () => {
      await screen.drawn;
    },
  };
}

/** Printed as lines, above the picture. */
const ABOVE: readonly RolloutEvent['kind'][] = ['locked', 'target-set', 'run-started', 'foreseen'];

function show(screen: Screen, event: RolloutEvent): void {
  if (event.kind === 'run-started') screen.picture = pictureOf(event);
  if (event.kind === 'run-ended') finish(screen, event);
  else if (ABOVE.includes(event.kind)) print(linesOf(event));
  else if (screen.picture !== undefined) {
    screen.picture = pictureAfter(screen.picture, event);
    screen.list ??= begin(screen, screen.picture);
    screen.due ??= setTimeout(() => draw(screen), DRAW_MS);
  }
}

/** Thousands of relays tell more than anybody can read. */
const DRAW_MS = 100;

function print(lines: readonly string[]): void {
  const width = process.stdout.columns ?? 80;
  for (const line of lines.flatMap((line) => wrap(line, width))) process.stdout.write(`${line}\n`);
}

/** One task per zone, one after the other as the rollout goes; a task ends when nothing is left to do in its zone. */
function begin(screen: Screen, picture: Picture): Listr {
  const list = new Listr(
    picture.zones.map((zone) => zoneTask(screen, picture, zone)),
    { concurrent: false, exitOnError: false, registerSignalListeners: false },
  );
  screen.drawn = list.run();
  return list;
}

function zoneTask(screen: Screen, picture: Picture, zone: string): ListrTask {
  const { promise: ended, resolve: finish } = Promise.withResolvers<void>();
  const drawn: Drawn = { task: undefined, finish, ended };
  screen.zones.set(zone, drawn);
  return {
    title: zoneTitle(picture, zone),
    task: async (_, task) => {
      drawn.task = task;
      draw(screen);
      await ended;
      if (screen.picture !== undefined && !isZoneDone(screen.picture, zone))
        task.skip(zoneTitle(screen.picture, zone));
    },
  };
}

/** Lines of relays that a zone shows at most, so that the picture fits a screen. */
const MOST_LINES = 12;

/** The zone that is drawn as being worked on also shows what goes on in those after it. */
function draw(screen: Screen): void {
  const { list, zones, picture } = screen;
  screen.due = undefined;
  if (picture === undefined) return;
  for (const [index, zone] of picture.zones.entries()) {
    const [drawn, listed] = [zones.get(zone), list?.tasks[index]];
    const title = zoneTitle(picture, zone);
    if (listed !== undefined) listed.title = title;
    if (drawn?.task !== undefined) drawn.task.title = title;
    if (isZoneDone(picture, zone)) drawn?.finish();
  }
  const current = picture.zones.find((zone) => !isZoneDone(picture, zone)) ?? picture.zones.at(-1) ?? '';
  const task = zones.get(current)?.task;
  if (task === undefined) return;
  const waiting = picture.zones.filter((zone) => zone !== current && zones.get(zone)?.task === undefined);
  const lines = [current, ...waiting].flatMap((zone) => zoneLines(picture, zone, MOST_LINES));
  task.output = [...lines, ...runLines(picture)].join('\n') || 'looking';
}

/** What was not reached is drawn as it is; then the result, in words. */
function finish(screen: Screen, event: RolloutEvent & { readonly kind: 'run-ended' }): void {
  clearTimeout(screen.due);
  draw(screen);
  for (const zone of screen.zones.values()) zone.finish();
  screen.drawn = Promise.resolve(screen.drawn).then(() => {
    process.stdout.write('\n');
    print(endLines(event));
  });
}
