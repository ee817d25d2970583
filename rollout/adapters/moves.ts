/** Moves of live calls between relays of a fleet: calls through Redis, the address through GCE. */
import { FleetError, isFleetError } from '../../lib/errors.ts';
import type { Gce } from '../../lib/gce.ts';
import { readRedisUse } from '../../lib/relay/redis-use.ts';
import type { Relay } from '../../lib/relay/relay.ts';
import type { Begun, Movable } from '../core/fleet.ts';
import { databasesOf, ownDatabase, type Party, parseNote } from '../core/handover.ts';
import { blockedBy } from '../handover/fates.ts';
import { handOver } from '../handover/hand-over.ts';
import type { HandoverEvent } from '../handover/ports.ts';
import type { Clock, Move, Moved, Moves, RelayPlace } from '../ports.ts';
import { moveAddress } from './gce-floating.ts';
import { sideOf } from './handover-side.ts';
import type { RedisPlace } from './redis.ts';
import { type OpenCallStore, openCallStore } from './redis-calls.ts';

export type MovesAt = {
  readonly gce: Gce;
  readonly open: (place: RelayPlace) => Relay;
  /** Asked once, when it is first needed. */
  readonly redis: () => Promise<Omit<RedisPlace, 'database'>>;
  /** Number of the database through which copies go. */
  readonly through: number;
  readonly clock: Clock;
};

/** So long media may be nowhere after an address was moved, ms. */
const PATIENCE_MS = 15_000;

export function openMoves(at: MovesAt): Moves & { readonly close: () => void } {
  let opened: Promise<OpenCallStore> | undefined;
  const store = async () => {
    opened ??= at.redis().then((place) => openCallStore(place, at.through));
    opened.catch(() => {
      opened = undefined;
    });
    return await opened;
  };
  const close = () => {
    void opened?.then(
      (one) => one.close(),
      () => undefined,
    );
    opened = undefined;
  };
  return {
    begun: async () => {
      try {
        return begunOf(await (await store()).note());
      } catch (error) {
        if (!isFleetError(error) || error.kind !== 'retry') throw error;
        // A connection that was lost is not taken up by itself.
        close();
        return 'unknown';
      }
    },
    movable: async (place, address) =>
      await store()
        .then((one) => movable(at.open(place), place, address, one))
        .catch(untold),
    move: async (move) => await carryOut(at, move, await store()).catch(worded),
    close,
  };
}

function begunOf(text: string | undefined): Begun | undefined {
  const note = parseNote(text);
  return note && { giver: note.giver, taker: note.taker, address: note.address ?? '' };
}

async function partyOf(relay: Relay, { name, version }: RelayPlace): Promise<Party> {
  return { name, version: version ?? '', use: await readRedisUse(relay) };
}

async function movable(
  relay: Relay,
  place: RelayPlace,
  address: string,
  store: OpenCallStore,
): Promise<Movable> {
  const databases = { giver: ownDatabase(await partyOf(relay, place)) };
  const what = { databases, version: place.version ?? '', address };
  const blocked = await blockedBy({ giver: sideOf(relay), store }, what);
  return blocked === undefined ? { kind: 'yes' } : { kind: 'no', because: blocked.because };
}

function untold(error: unknown): Movable {
  if (!isFleetError(error)) throw error;
  return { kind: 'no', because: error.message };
}

async function carryOut(at: MovesAt, move: Move, store: OpenCallStore): Promise<Moved> {
  const { giver, taker, home, address } = move;
  const [from, to] = [at.open(giver), at.open(taker)];
  const databases = databasesOf(await partyOf(from, giver), await partyOf(to, taker), at.through);
  const told: HandoverEvent[] = [];
  const calls = await handOver(
    {
      giver: sideOf(from),
      taker: sideOf(to),
      store,
      move: (where) => moveAddress(at.gce, home, (where === 'taker' ? taker : giver).name),
      now: at.clock.now,
      sleep: at.clock.sleep,
      tell: (event) => void told.push(event),
    },
    { databases, address, version: giver.version ?? '', waitMs: 0, patienceMs: PATIENCE_MS },
  );
  const gaps = told.flatMap((event) =>
    event.kind === 'call' ? [{ callId: event.callId, packets: event.packets }] : [],
  );
  const done = told.find((event) => event.kind === 'done');
  return { calls, mostPackets: done?.mostPackets ?? 'unknown', gaps };
}

/** What is no way out for these two is none for the whole run. */
function worded(error: unknown): never {
  if (!isFleetError(error)) throw error;
  const { kind, code, message, hint } = error;
  if (code !== 'handover-wait' && kind !== 'usage') throw error;
  const next = code === 'handover-wait' ? 'retry' : 'hold';
  throw new FleetError({ kind: next, code, message, ...(hint === undefined ? {} : { hint }), cause: error });
}
