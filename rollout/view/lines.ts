/** Events as lines for people: one formatter per kind. Pure. */
import type { EventBody, EventKind, RelayRef, RelayState, RolloutEvent } from '../core/events.ts';
import { plural } from '../core/words.ts';
import { drainWords } from './eta.ts';
import { callsOf, startLines } from './fleet-table.ts';
import { policyWords } from './policy.ts';

type Formatter<K extends EventKind> = (event: Extract<EventBody, { readonly kind: K }>) => readonly string[];

const formatters: { readonly [K in EventKind]: Formatter<K> } = {
  locked: ({ detail, tookOver }) => [
    `lock ${detail}${tookOver === undefined ? '' : `, taken over from ${tookOver}, whose process is gone`}`,
  ],
  'run-started': ({ fleet, by, policy, targets, relays }) => [
    `rollout of fleet ${fleet} by ${by}: ${policyWords(policy)}`,
    ...startLines(targets, relays).map((line) => `  ${line}`),
  ],
  'target-set': ({ zone, from, to }) => [`${zone}: its group wants ${to} again, not ${from}`],
  'relay-observed': (state) => [`${who(state.relay)}: ${stateWords(state)}`],
  'action-decided': ({ action, relay, because }) => [`${who(relay)}: ${action}, because ${because}`],
  'action-done': ({ action, relay, seconds, detail }) => [
    `${who(relay)}: ${action} done in ${seconds.toFixed(1)} s${detail === undefined ? '' : ` (${detail})`}`,
  ],
  'action-failed': ({ action, relay, message, hint, next }) => [
    `${who(relay)}: ${action} FAILED: ${message}; ${NEXT[next]}`,
    ...(hint === undefined ? [] : [`  ${hint}`]),
  ],
  hold: ({ relay, because, overdue }) => [
    `${relay === undefined ? 'fleet' : who(relay)}: ${overdue ? 'held' : 'waiting'}: ${because}`,
  ],
  'hold-ended': () => [],
  'relay-admitted': ({ relay, version }) => [
    `${who(relay)}: takes calls${version === undefined ? '' : ` on ${version}`}`,
  ],
  wish: ({ wish, uncordon, by }) => [
    `${by} asked: ${WISHES[wish]}${uncordon ? ', relays that drain take calls again first' : ''}`,
  ],
  eta: ({ relay, ...eta }) => [`${who(relay)}: ${drainWords(eta)}`],
  foreseen: ({ lines }) => lines,
  'notify-failed': ({ to, message }) => [`${to} could not be told: ${message}`],
  'observe-failed': ({ message }) => [`the fleet cannot be read: ${message}; trying again`],
  'run-ended': (event) => endLines(event),
};

const WISHES = {
  pause: 'pause: drains go on, nothing new is begun',
  resume: 'resume: the run goes on',
  abort: 'abort: the run ends',
} as const;

const NEXT = {
  retry: 'trying again',
  hold: 'the relay stays as it is',
  stop: 'the run ends',
} as const;

type Ended = Extract<EventBody, { readonly kind: 'run-ended' }>;

/** The result, why, and what to do; several reasons one below the other. */
export function endLines({ result, because, hint, reasons = [], seconds, relays }: Ended): readonly string[] {
  const several = reasons.length > 1;
  const why = several ? `${reasons.length} things are in its way` : because;
  const [only] = reasons;
  const ways = several
    ? reasons.flatMap(({ message, next }) => [`- ${message}`, `  ${next}`])
    : only === undefined || only.next === hint
      ? []
      : [only.next];
  return [
    `${result} after ${seconds.toFixed(0)} s: ${why}`,
    ...[...ways, ...(hint === undefined ? [] : [hint]), ...leftovers(relays)].map((line) => `  ${line}`),
  ];
}

/** What an event says, without its time. */
export function sayingOf(event: RolloutEvent): readonly string[] {
  const format = formatters[event.kind] as Formatter<EventKind>;
  return format(event);
}

/** The lines of an event, the first with its time of day. */
export function linesOf(event: RolloutEvent): readonly string[] {
  const time = event.at.slice(11, 19);
  return sayingOf(event).map((line, index) => `${index === 0 ? time : ' '.repeat(8)} ${line}`);
}

/** A drain tells at most so often how many calls are left, ms. */
const HOLD_MS = 10_000;
/** And how long it will still take, ms. */
const ETA_MS = 60_000;

/** As `linesOf`, without what only repeats: unchanged phases, and each single call that ends. */
export function tersely(): (event: RolloutEvent) => readonly string[] {
  const phases = new Map<string, string>();
  const etas = new Map<string, number>();
  const holds = new Map<string, { readonly at: number; readonly overdue: boolean }>();
  return (event) => {
    if (event.kind === 'run-started')
      for (const { relay, phase } of event.relays) phases.set(relay.name, phase);
    if (event.kind === 'relay-observed') {
      if (phases.get(event.relay.name) === event.phase) return [];
      phases.set(event.relay.name, event.phase);
      holds.delete(event.relay.name);
    }
    if (event.kind === 'eta') {
      if (event.p50 === 'unknown' && event.oldestSeconds === undefined) return [];
      const at = Date.parse(event.at);
      if (at - (etas.get(event.relay.name) ?? 0) < ETA_MS) return [];
      etas.set(event.relay.name, at);
    }
    if (event.kind === 'hold') {
      const name = event.relay?.name ?? '';
      const last = holds.get(name);
      const at = Date.parse(event.at);
      if (last !== undefined && at - last.at < HOLD_MS && last.overdue === event.overdue) return [];
      holds.set(name, { at, overdue: event.overdue });
    }
    return linesOf(event);
  };
}

/** Relays that do not serve, as the run leaves them. */
export function leftovers(relays: readonly RelayState[]): readonly string[] {
  return relays
    .filter(({ phase }) => phase !== 'serving' && phase !== 'stale')
    .map((state) => `${who(state.relay)}: ${stateWords(state)}`);
}

export function stateWords(state: RelayState): string {
  const calls = state.own === undefined ? 'calls unknown' : plural(Number(callsOf(state)), 'call');
  const since = state.cordonedAt === undefined ? '' : `, cordoned ${state.cordonedAt.slice(11, 19)}`;
  return `${state.phase}, ${calls}${since}`;
}

export function who({ name }: RelayRef): string {
  return name;
}
