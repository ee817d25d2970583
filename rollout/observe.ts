/**
 * All reads of a rollout, made into one snapshot. The cloud is asked seldom (GCE allows 1,500 reads a minute), the
 * relays often: those that a rollout is working on in every round, the others about once a second.
 */
import type { CloudRelay, Failure, Fleet, Look, Movable, Relay, SelfReport } from './core/fleet.ts';
import { lastAnswer } from './core/fleet.ts';
import { isAway, isCarrier } from './core/floating.ts';
import type { Memory, Sighting } from './core/memory.ts';
import { keyOf, remember } from './core/memory.ts';
import type { Policy } from './core/policy.ts';
import type { Clock, Cloud, Moves, Relays, ZoneView } from './ports.ts';
import { placeOf, vmOf } from './ports.ts';
import { settled, settledLimited } from './settled.ts';

export type Observer = {
  /** One snapshot. Rejects with a FleetError when the cloud cannot be read; a silent relay is part of the snapshot. */
  readonly observe: () => Promise<Fleet>;
  /** How an act on a relay ended: its zone is read anew, and a failure becomes part of what is seen. */
  readonly note: (relay: Relay, failure: Failure | undefined) => void;
};

export type Scope = {
  readonly name: string;
  readonly zones: readonly string[];
  readonly policy: Pick<Policy, 'goodAnswers' | 'pollSeconds' | 'emptyCallSeconds' | 'tail'>;
};

/** Zones in which a VM is being made or admitted are read so often, ms; the others so seldom. */
const BUSY_ZONE_MS = 500;
const QUIET_ZONE_MS = 10_000;
/** A relay that nobody works on is asked for its counts, and for its session limit, so often, ms. */
const QUIET_LOOK_MS = 1_000;
const QUIET_LIMIT_MS = 10_000;
/** Listing calls is dear, and calls without a party do not hurry. */
const EMPTY_CALLS_MS = 5_000;
/** Whether calls can move is asked of each of them, ms. */
const MOVABLE_MS = 3_000;
const LOOKS_AT_ONCE = 256;

type State = {
  readonly cloud: Cloud;
  readonly relays: Relays;
  readonly moves?: Moves;
  readonly clock: Clock;
  readonly scope: Scope;
  memory: Memory;
  readonly zones: Map<string, { readonly view: ZoneView; readonly at: number }>;
  /** Failures by VM id. */
  readonly failures: Map<string, Failure>;
  /** When the session limit, and the calls, of a VM were last read, and whether they can move, by VM id. */
  readonly limitReadAt: Map<string, number>;
  readonly callsReadAt: Map<string, number>;
  readonly movableReadAt: Map<string, number>;
};

export function createObserver(
  effects: {
    readonly cloud: Cloud;
    readonly relays: Relays;
    readonly moves?: Moves;
    readonly clock: Clock;
  },
  scope: Scope,
): Observer {
  const state: State = {
    ...effects,
    scope,
    memory: new Map(),
    zones: new Map(),
    failures: new Map(),
    limitReadAt: new Map(),
    callsReadAt: new Map(),
    movableReadAt: new Map(),
  };
  return {
    observe: () => observe(state),
    note: (relay, failure) => {
      state.zones.delete(relay.zone);
      if (relay.id === undefined) return;
      if (failure === undefined) state.failures.delete(relay.id);
      else state.failures.set(relay.id, failure);
    },
  };
}

async function observe(state: State): Promise<Fleet> {
  const { scope, moves } = state;
  // Before the addresses: what ends in between is then taken to be on, and looked at once more.
  const begun = await moves?.begun();
  const views = await settled(scope.zones.map((zone) => readZone(state, zone)));
  const found = views.flatMap(({ relays }) => relays);
  const sightings = await settledLimited(found, LOOKS_AT_ONCE, (relay) => sight(state, relay));
  state.memory = remember(state.memory, sightings, scope.policy.goodAnswers, state.clock.now());
  return {
    name: scope.name,
    zones: scope.zones,
    targets: views.map(({ target }) => target),
    relays: [...state.memory.values()],
    ...(begun === undefined ? {} : { begun }),
  };
}

async function readZone(state: State, zone: string): Promise<ZoneView> {
  const { clock, zones } = state;
  const known = zones.get(zone);
  if (known !== undefined) {
    const limit = known.view.relays.some((relay) => isMoving(state, relay)) ? BUSY_ZONE_MS : QUIET_ZONE_MS;
    if (clock.now() - known.at < limit) return known.view;
  }
  const at = clock.now();
  const view = await state.cloud.readZone(zone);
  zones.set(zone, { view, at });
  return view;
}

/** Is something expected to change in the cloud soon? */
function isMoving({ memory }: State, relay: CloudRelay): boolean {
  if (relay.vm.state === 'changing' || relay.awaitsController) return true;
  const known = memory.get(keyOf(relay));
  return relay.onTarget && known?.report === undefined && lastAnswer(known ?? { looks: [] })?.limit === 0;
}

async function sight(state: State, relay: CloudRelay): Promise<Sighting> {
  const { id } = relay;
  if (relay.vm.state === 'changing' || id === undefined || relay.address === undefined) return relay;
  const known = state.memory.get(keyOf(relay));
  const same = known?.id === id ? known : undefined;
  const failure = state.failures.get(id);
  const look = await lookIfDue(state, relay, id, same);
  const report = await reportIfDue(state, relay, id, same, look);
  const movable = await movableIfDue(state, relay, id, look);
  const emptyCalls = await emptyCallsIfDue(state, relay, id, look, movable ?? same?.movable);
  return {
    ...relay,
    ...(look === undefined ? {} : { look }),
    ...(report === undefined ? {} : { report }),
    ...(movable === undefined ? {} : { movable }),
    ...(emptyCalls === undefined ? {} : { emptyCalls }),
    ...(failure === undefined ? {} : { failure }),
  };
}

async function lookIfDue(
  state: State,
  relay: CloudRelay,
  id: string,
  same: Relay | undefined,
): Promise<Look | undefined> {
  const { clock, limitReadAt, relays, scope } = state;
  const newest = same?.looks.at(-1);
  const answer = same === undefined ? undefined : lastAnswer(same);
  const quiet = newest !== undefined && newest === answer && relay.cordon === undefined && answer.limit !== 0;
  const now = clock.now();
  // Half a poll early rather than a whole one late.
  if (quiet && now - newest.at < QUIET_LOOK_MS - scope.policy.pollSeconds * 500) return undefined;
  if (quiet && now - (limitReadAt.get(id) ?? 0) < QUIET_LIMIT_MS) {
    const look = await relays.look(placeOf(relay), { limit: answer.limit });
    // Restarted: what is known of its limit is void.
    if (look.kind === 'silence' || look.uptime >= answer.uptime) return look;
  }
  limitReadAt.set(id, now);
  return await relays.look(placeOf(relay));
}

/** A relay that joins writes its report once; it is read until it says that all is well. */
async function reportIfDue(
  state: State,
  relay: CloudRelay,
  id: string,
  same: Relay | undefined,
  look: Look | undefined,
): Promise<SelfReport | undefined> {
  if (!relay.onTarget || look?.kind !== 'answer' || look.limit !== 0) return undefined;
  if (same?.report?.health?.ok === true && same.report.version !== undefined) return undefined;
  return await state.cloud.readReport(vmOf({ ...relay, id } as Relay));
}

/** Of a relay that drains with its own address, and no other's, while its calls are to go on elsewhere. */
async function movableIfDue(
  state: State,
  relay: CloudRelay,
  id: string,
  look: Look | undefined,
): Promise<Movable | undefined> {
  const { clock, movableReadAt, moves, scope } = state;
  const { floating, cordon } = relay;
  if (moves === undefined || floating === undefined || scope.policy.tail !== 'hand-over') return undefined;
  if (cordon === undefined || isAway(relay) || isCarrier(relay)) return undefined;
  if (look?.kind !== 'answer' || look.limit !== 0 || look.own + look.foreign === 0) return undefined;
  if (clock.now() - (movableReadAt.get(id) ?? 0) < MOVABLE_MS) return undefined;
  movableReadAt.set(id, clock.now());
  return await moves.movable(placeOf(relay), floating.address);
}

/** Only where calls are counted and yet nothing flows, or where one keeps others from moving: a live call would be waited for anyway. */
async function emptyCallsIfDue(
  state: State,
  relay: CloudRelay,
  id: string,
  look: Look | undefined,
  movable: Movable | undefined,
): Promise<readonly string[] | undefined> {
  const { callsReadAt, clock, relays, scope } = state;
  if (relay.cordon === undefined || look?.kind !== 'answer') return undefined;
  const flows = look.packetRate > 0 || look.media > 0;
  if (look.own + look.foreign === 0 || (flows && movable?.kind !== 'no')) return undefined;
  if (clock.now() - (callsReadAt.get(id) ?? 0) < EMPTY_CALLS_MS) return undefined;
  callsReadAt.set(id, clock.now());
  return await relays.emptyCalls(placeOf(relay), scope.policy.emptyCallSeconds);
}
