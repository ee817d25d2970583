/**
 * What each action does, one executor per kind: a kind without an executor does not compile. Each is a short list of
 * effects in an order that is safe to be cut anywhere: the intent first, then the act; what undoes it the other way round.
 */
import { FleetError } from '../lib/errors.ts';
import type { Timeouts } from '../lib/relay/timeouts.ts';
import type { Act, ActKind } from './core/actions.ts';
import type { Relay } from './core/fleet.ts';
import { isAway } from './core/floating.ts';
import { deleteGuard } from './core/guard.ts';
import type { Policy } from './core/policy.ts';
import { plural } from './core/words.ts';
import type { Clock, Cloud, Moved, Moves, Proxies, Relays } from './ports.ts';
import { placeOf, seatOf, vmOf } from './ports.ts';

export type Effects = {
  readonly cloud: Cloud;
  readonly relays: Relays;
  readonly proxies: Proxies;
  readonly moves?: Moves;
  readonly clock: Clock;
};

/** `run` = who writes the intent. */
export type Context = { readonly run: string; readonly policy: Policy };

/** What an act tells when it is done. */
export type Done = {
  readonly detail?: string;
  /** Of `force`: calls that it cut; absent: the relay did not tell. */
  readonly cut?: number;
  /** Of `hand-over` and `give-back`. */
  readonly moved?: Moved;
};

type Executor<K extends ActKind> = (
  act: Extract<Act, { readonly kind: K }>,
  effects: Effects,
  context: Context,
) => Promise<string | undefined | Done>;

const executors: { readonly [K in ActKind]: Executor<K> } = {
  cordon: async ({ relay }, effects, context) => {
    const limit = await cordonRelay(relay, effects, context);
    return `maxsessions was ${limit}, reads back 0`;
  },

  reassert: async ({ relay }, { relays }, { policy }) => {
    await relays.cordon(placeOf(relay));
    const own = relay.cordon?.before.timeouts;
    if (own !== undefined) await relays.setTimeouts(placeOf(relay), lowered(own, policy));
    return 'maxsessions reads back 0';
  },

  'remove-empty-calls': async ({ relay }, { relays }, { policy }) => {
    const removed = await relays.removeEmptyCalls(placeOf(relay), policy.emptyCallSeconds);
    return `${removed} removed`;
  },

  reap: async ({ relay }, { cloud, relays }, { policy }) => {
    const { cordon } = relay;
    if (cordon === undefined) throw new TypeError(`${relay.name} is not cordoned`);
    const known = cordon.before.timeouts;
    const own = known ?? (await relays.timeouts(placeOf(relay)));
    const wanted = lowered(own, policy);
    if (known === undefined)
      await cloud.mark(vmOf(relay), { ...cordon, before: { ...cordon.before, timeouts: own } });
    await relays.setTimeouts(placeOf(relay), wanted);
    return `silent-timeout was ${own.silent}, offer-timeout ${own.offer}; they read back ${wanted.silent} and ${wanted.offer}`;
  },

  'hand-over': async ({ relay, to, resumes }, effects, context) => {
    const { moves, address } = movesOf(relay, effects);
    const can = resumes ? undefined : await moves.movable(placeOf(relay), address);
    if (can?.kind === 'no') throw cannotMove(relay, can.because);
    // No new call may come in at an address that goes home again: it would stay behind.
    if (to.cordon === undefined) await cordonRelay(to, effects, context);
    else await effects.relays.cordon(placeOf(to));
    const move = { giver: placeOf(relay), taker: placeOf(to), home: relay, address };
    return movedTo(to, await moves.move(move));
  },

  'give-back': async ({ relay, from }, effects) => {
    const { moves, address } = movesOf(relay, effects);
    const move = { giver: placeOf(from), taker: placeOf(relay), home: relay, address };
    return movedTo(relay, await moves.move(move));
  },

  force: async ({ relay }, { cloud, relays, proxies }) => {
    const vm = vmOf(relay);
    await proveAlone(relay, cloud);
    if (!relay.awaitsController) await cloud.awaitController(vm);
    const ids = await relays.callIds(placeOf(relay));
    const told = await leaveOut(relay, proxies);
    await cloud.replace(vm);
    const detail = told === undefined ? cutWords(ids) : `${cutWords(ids)}; ${told}`;
    return ids === undefined ? { detail } : { detail, cut: ids.length };
  },

  replace: async ({ relay }, { cloud, relays, proxies }, { policy }) => {
    const vm = vmOf(relay);
    await proveAlone(relay, cloud);
    if (!relay.awaitsController) await cloud.awaitController(vm);
    // An empty relay first: a proxy that has it off refuses even what belongs to calls of its own.
    await proveEmpty(relay, relays, policy);
    const told = await leaveOut(relay, proxies);
    if (told !== undefined) await proveEmpty(relay, relays, policy);
    await cloud.replace(vm);
    return told;
  },

  admit: async ({ relay }, { cloud, relays, proxies }, { policy }) => {
    const place = placeOf(relay);
    const probe = await relays.probe(place, policy.gatePackets);
    if (!probe.ok) throw probeFailed(relay, probe.detail);
    const told = await proxies.takeBack(seatOf(relay));
    await relays.restore(place, { limit: policy.servingLimit, deleteDelay: 'unknown' });
    // Last: a run killed before this finds a relay that takes calls, and only has to release it.
    await cloud.release(vmOf(relay));
    return told === undefined ? probe.detail : `${probe.detail}; ${told}`;
  },

  uncordon: async ({ relay, settings }, { cloud, relays, proxies }) => {
    await relays.restore(placeOf(relay), settings);
    const told = await proxies.takeBack(seatOf(relay));
    await cloud.unmark(vmOf(relay));
    if (relay.awaitsController) await cloud.release(vmOf(relay));
    const limit = `maxsessions reads back ${settings.limit}`;
    return told === undefined ? limit : `${limit}; ${told}`;
  },

  release: async ({ relay }, { cloud, proxies }) => {
    const told = await proxies.takeBack(seatOf(relay));
    await cloud.release(vmOf(relay));
    return told;
  },
};

/** Carries out one act; the answer is for the journal. */
export async function execute(act: Act, effects: Effects, context: Context): Promise<Done> {
  const executor = executors[act.kind] as Executor<ActKind>;
  const done = await executor(act, effects, context);
  if (typeof done === 'object') return done;
  return done === undefined ? {} : { detail: done };
}

/** The intent, and what to restore, first; the answer is the session limit that it had. */
async function cordonRelay(
  relay: Relay,
  { cloud, relays, clock }: Effects,
  { run, policy }: Context,
): Promise<number> {
  const place = placeOf(relay);
  const found = await relays.settings(place);
  // A relay that takes no calls already (its RTPEngine restarted) must not get that back as its old setting.
  const before = found.limit === 0 ? { ...found, limit: policy.servingLimit } : found;
  await cloud.mark(vmOf(relay), { at: clock.now(), by: run, before });
  await relays.cordon(place);
  return found.limit;
}

/** A proxy must go on reaching the calls of one whose address is elsewhere. */
async function leaveOut(relay: Relay, proxies: Proxies): Promise<string | undefined> {
  return isAway(relay) ? undefined : await proxies.leaveOut(seatOf(relay));
}

function movesOf({ name, floating }: Relay, { moves }: Effects) {
  if (moves === undefined || floating === undefined) throw new TypeError(`${name} has no floating address`);
  return { moves, address: floating.address };
}

function movedTo({ name }: Relay, moved: Moved): Done {
  const { calls, mostPackets } = moved;
  const gap =
    mostPackets === 'unknown' ? '' : `; at most ${plural(mostPackets, 'packet')} of a stream missed`;
  return { detail: `${plural(calls, 'call')} and their address are with ${name}${gap}`, moved };
}

/** That it has no other relay's address, read right before the irreversible step. */
async function proveAlone(relay: Relay, cloud: Cloud): Promise<void> {
  if (relay.floating === undefined) return;
  const { relays } = await cloud.readZone(relay.zone);
  const [other] = relays.find(({ name }) => name === relay.name)?.floating?.carries ?? [];
  if (other === undefined) return;
  throw new FleetError({
    kind: 'retry',
    code: 'not-empty',
    message: `${relay.name} is not replaced: it has the address of ${other}`,
  });
}

function cannotMove({ name }: Relay, because: string): FleetError {
  return new FleetError({
    kind: 'retry',
    code: 'handover-wait',
    message: `${name} keeps its calls: ${because}`,
  });
}

/** Never raised. */
function lowered({ silent, offer }: Timeouts, { reapSilentSeconds }: Policy): Timeouts {
  return { silent: Math.min(silent, reapSilentSeconds), offer: Math.min(offer, reapSilentSeconds) };
}

const CALLS_NAMED = 50;

function cutWords(ids: readonly string[] | undefined): string {
  if (ids === undefined) return 'it did not tell which calls that cut';
  const more = ids.length > CALLS_NAMED ? `, and ${ids.length - CALLS_NAMED} more` : '';
  const names = ids.length === 0 ? '' : `: ${ids.slice(0, CALLS_NAMED).join(', ')}${more}`;
  return `${plural(ids.length, 'call')} cut${names}`;
}

/** The guard once more, with a look from right before the irreversible step. */
async function proveEmpty(relay: Relay, relays: Relays, policy: Policy): Promise<void> {
  const look = await relays.look(placeOf(relay));
  const verdict = deleteGuard({ ...relay, looks: [...relay.looks, look] }, policy.goodAnswers);
  if (verdict.kind === 'empty') return;
  throw new FleetError({
    kind: 'retry',
    code: 'not-empty',
    message: `${relay.name} is not replaced: right before, ${verdict.because}`,
  });
}

function probeFailed(relay: Relay, detail: string): FleetError {
  return new FleetError({
    kind: 'retry',
    code: 'probe-failed',
    message: `${relay.name}: the probe call failed: ${detail}`,
    hint: 'The relay must reach this machine, and this machine its media ports, over UDP.',
  });
}
