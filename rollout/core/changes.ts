/** What of a snapshot is worth telling: the relays that changed, and the reasons to wait that came and went. Pure. */
import type { Action, Hold } from './actions.ts';
import type { EventBody, RelayRef, RelayState } from './events.ts';
import type { Relay } from './fleet.ts';
import { isAdmitting, isUnknown, lastAnswer } from './fleet.ts';
import { isAway } from './floating.ts';
import { leaveWords } from './labels.ts';
import { keyOf } from './memory.ts';
import type { Standing } from './phase.ts';

/** What was last told about each relay, and which reasons to wait are in force. */
export type Told = {
  readonly relays: ReadonlyMap<string, { readonly state: RelayState; readonly at: number }>;
  readonly holds: ReadonlyMap<string, Hold>;
};

export const NOTHING_TOLD: Told = { relays: new Map(), holds: new Map() };

/** Calls of a relay that nobody works on change all the time: told so often, ms. */
const QUIET_MS = 5_000;

export function refOf({ zone, name, id }: Pick<Relay, 'zone' | 'name' | 'id'>): RelayRef {
  return { zone, name, ...(id === undefined ? {} : { id }) };
}

/** What is known of a relay; what is not known is absent. */
export function stateOf({ relay, phase }: Standing): RelayState {
  const answer = isUnknown(relay) ? undefined : lastAnswer(relay);
  const admitting = answer === undefined ? 'unknown' : isAdmitting(relay);
  const { address, version, cordon, leave, floating } = relay;
  return {
    relay: refOf(relay),
    phase,
    ...(address === undefined ? {} : { address }),
    ...(version === undefined ? {} : { version }),
    ...(admitting === 'unknown' ? {} : { admitting }),
    ...(answer === undefined
      ? {}
      : { own: answer.own, foreign: answer.foreign, packetRate: answer.packetRate }),
    ...(cordon === undefined ? {} : { cordonedAt: new Date(cordon.at).toISOString(), cordonedBy: cordon.by }),
    ...(leave === undefined ? {} : { leftAlone: leaveWords(leave) }),
    ...(floating === undefined ? {} : { floating: floating.address }),
    ...(isAway(relay) && floating?.at !== undefined ? { carriedBy: floating.at } : {}),
  };
}

/** Events for this round, and what has been told after it. */
export function changes(
  told: Told,
  standings: readonly Standing[],
  actions: readonly Action[],
  now: number,
): { readonly events: readonly EventBody[]; readonly told: Told } {
  const relays = new Map(told.relays);
  const events: EventBody[] = [];
  for (const standing of standings) {
    const state = stateOf(standing);
    const last = relays.get(keyOf(standing.relay));
    if (last !== undefined && !isNews(last.state, state, now - last.at)) continue;
    relays.set(keyOf(standing.relay), { state, at: now });
    events.push({ kind: 'relay-observed', ...state });
  }
  const holds = new Map(
    actions.filter((action) => action.kind === 'hold').map((hold) => [holdKey(hold), hold]),
  );
  return { events: [...events, ...holdChanges(told.holds, holds)], told: { relays, holds } };
}

function isNews(last: RelayState, state: RelayState, age: number): boolean {
  const turned =
    last.relay.id !== state.relay.id ||
    last.phase !== state.phase ||
    last.admitting !== state.admitting ||
    last.leftAlone !== state.leftAlone ||
    last.carriedBy !== state.carriedBy;
  if (turned) return true;
  const callsChanged = last.own !== state.own || last.foreign !== state.foreign;
  const quiet = state.phase === 'stale' || state.phase === 'serving';
  return callsChanged && (!quiet || age >= QUIET_MS);
}

function holdChanges(
  before: ReadonlyMap<string, Hold>,
  after: ReadonlyMap<string, Hold>,
): readonly EventBody[] {
  const begun = [...after].filter(([key, hold]) => !isSameHold(before.get(key), hold));
  const ended = [...before].filter(([key]) => !after.has(key));
  return [
    ...begun.map(([, hold]): EventBody => {
      const relay = hold.relay === undefined ? {} : { relay: refOf(hold.relay) };
      return { kind: 'hold', ...relay, because: hold.because, overdue: hold.overdue };
    }),
    ...ended.map(([, hold]): EventBody => {
      const relay = hold.relay === undefined ? {} : { relay: refOf(hold.relay) };
      return { kind: 'hold-ended', ...relay };
    }),
  ];
}

function isSameHold(before: Hold | undefined, after: Hold): boolean {
  return before?.because === after.because && before.overdue === after.overdue;
}

function holdKey({ relay }: Hold): string {
  return relay === undefined ? '' : keyOf(relay);
}
