import type { RelayRef, RelayState, RolloutEvent } from '../core/events.ts';
import type { PhaseSpan, RelayReport } from './types.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Moments = Partial<
  Pick<
    Mutable<RelayReport>,
    'cordonedAt' | 'callsWhenCordoned' | 'emptyAt' | 'replacedAt' | 'joinedAt' | 'admittedAt'
  >
>;
type Story = {
  readonly zone: string;
  readonly name: string;
  address: string | undefined;
  floating: string | undefined;
  versionBefore: string | undefined;
  versionAfter: string | undefined;
  calls: number | undefined;
  forced: RelayReport['forced'] | undefined;
  readonly spans: Mutable<PhaseSpan>[];
  moments: Moments;
  /** Of its replacement, when it was cordoned once more after that. */
  before: Moments | undefined;
};

/** What happened to each relay, from the events of one or more runs in the order of time. Pure. */
export function relayStories(
  events: readonly RolloutEvent[],
  wanted: (zone: string) => string | undefined,
  until: string,
): readonly RelayReport[] {
  const stories = new Map<string, Story>();
  for (const event of events) tell(stories, event);
  return [...stories.values()].map((story) => finish(story, wanted(story.zone), until));
}

function tell(stories: Map<string, Story>, event: RolloutEvent): void {
  switch (event.kind) {
    case 'run-started':
    case 'run-ended':
      for (const state of event.relays) observe(storyOf(stories, state.relay), state, event.at);
      return;
    case 'relay-observed':
      observe(storyOf(stories, event.relay), event, event.at);
      return;
    case 'action-done':
      act(storyOf(stories, event.relay), event);
      return;
    case 'relay-admitted': {
      const { moments, ...story } = storyOf(stories, event.relay);
      moments.admittedAt ??= event.at;
      enter(story.spans, 'serving', event.at);
      return;
    }
    default:
      return;
  }
}

function storyOf(stories: Map<string, Story>, { zone, name }: RelayRef): Story {
  const key = `${zone}/${name}`;
  const known = stories.get(key);
  if (known !== undefined) return known;
  const unknown = {
    address: undefined,
    floating: undefined,
    versionBefore: undefined,
    versionAfter: undefined,
    calls: undefined,
    forced: undefined,
  };
  const story: Story = { zone, name, ...unknown, spans: [], moments: {}, before: undefined };
  stories.set(key, story);
  return story;
}

function observe(story: Story, state: RelayState, at: string): void {
  const { phase, version, address, floating, own, foreign } = state;
  story.address = address ?? story.address;
  story.floating = floating ?? story.floating;
  story.versionBefore ??= version;
  story.versionAfter = version ?? story.versionAfter;
  story.calls = own === undefined || foreign === undefined ? undefined : own + foreign;
  const { moments } = story;
  // A run that takes up another's work finds the relay cordoned; the label says since when.
  if (phase === 'draining' || phase === 'empty') moments.cordonedAt ??= state.cordonedAt ?? at;
  if (phase === 'empty') moments.emptyAt ??= at;
  // One that is on its new image already takes no new calls for another's sake.
  if (phase === 'draining' && moments.replacedAt === undefined) delete moments.emptyAt;
  if (phase === 'joining' && moments.replacedAt !== undefined) moments.joinedAt ??= at;
  enter(story.spans, phase, at);
}

function act(story: Story, event: Extract<RolloutEvent, { kind: 'action-done' }>): void {
  switch (event.action) {
    case 'cordon':
      if (story.moments.replacedAt !== undefined) story.before = story.moments;
      story.moments = {
        cordonedAt: event.at,
        ...(story.calls === undefined ? {} : { callsWhenCordoned: story.calls }),
      };
      enter(story.spans, 'draining', event.at);
      return;
    case 'replace':
    case 'force':
      if (event.action === 'force') {
        delete story.moments.emptyAt;
        story.forced = event.cut === undefined ? {} : { calls: event.cut + (story.forced?.calls ?? 0) };
      }
      story.moments.emptyAt ??= event.at;
      story.moments.replacedAt = event.at;
      enter(story.spans, 'replacing', event.at);
      return;
    case 'uncordon':
      story.moments = story.before ?? (story.moments.admittedAt === undefined ? {} : story.moments);
      story.before = undefined;
      return;
    case 'reassert':
    case 'remove-empty-calls':
    case 'reap':
    case 'hand-over':
    case 'give-back':
    case 'admit':
    case 'release':
      return;
    default:
      event.action satisfies never;
  }
}

function enter(spans: Mutable<PhaseSpan>[], phase: PhaseSpan['phase'], at: string): void {
  const last = spans.at(-1);
  if (last !== undefined) last.to = at;
  if (last?.phase !== phase) spans.push({ phase, from: at, to: at });
}

function finish(story: Story, wanted: string | undefined, until: string): RelayReport {
  const { zone, name, address, floating, versionBefore, versionAfter, forced, moments, spans } = story;
  const last = spans.at(-1);
  if (last !== undefined && last.to < until) last.to = until;
  const drain = secondsBetween(moments.cordonedAt, moments.emptyAt);
  const away = secondsBetween(moments.emptyAt, moments.admittedAt);
  return {
    ...{ zone, name },
    ...(address === undefined ? {} : { address }),
    ...(floating === undefined ? {} : { floating }),
    ...(versionBefore === undefined ? {} : { versionBefore }),
    ...(versionAfter === undefined ? {} : { versionAfter }),
    // The phase says that it runs its group's template; the version says so a second time, where both are known.
    onTarget: last?.phase === 'serving' && (wanted === undefined || versionAfter === wanted),
    ...(forced === undefined ? {} : { forced }),
    ...moments,
    ...(drain === undefined ? {} : { drainSeconds: drain }),
    ...(away === undefined ? {} : { awaySeconds: away }),
    phases: spans,
  };
}

/** Seconds between two ISO times, to the millisecond; undefined when one is missing. */
export function secondsBetween(from: string | undefined, to: string | undefined): number | undefined {
  return from === undefined || to === undefined ? undefined : (Date.parse(to) - Date.parse(from)) / 1_000;
}
