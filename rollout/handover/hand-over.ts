/**
 * Moves the live calls of one RTPEngine to another that runs, with the address that they were told:
 * cordon → wait for those that cannot move → copy → prove that the taker has them → move the address → prove that media
 * arrives there → taker owns, giver lets go → old keys go. Killed anywhere it is taken up by running it again: what is
 * written down before the address moves says from where. Until media is proven to arrive at the taker, the giver keeps all.
 */
import { FleetError, isFleetError } from '../../lib/errors.ts';
import type { CallMedia } from '../../lib/relay/call-media.ts';
import { type Databases, gapOf, type Note, parseNote } from '../core/handover.ts';
import { plural } from '../core/words.ts';
import { type Copies, copyAll, copyChanges, takeBack } from './copy.ts';
import { type Growth, growth, mediaOf } from './evidence.ts';
import { blockedIn, type Sorted, sorted } from './fates.ts';
import type { HandoverPorts } from './ports.ts';

export type Handover = {
  readonly databases: Databases;
  /** What the calls were told, for media and ng. */
  readonly address: string;
  /** Version of the giver: which of its calls can move. */
  readonly version: string;
  /** So long calls that cannot move are waited for, ms. */
  readonly waitMs: number;
  /** So long media may be nowhere after the address was moved, ms: what a cloud needs to route it anew. */
  readonly patienceMs: number;
};

const LOOK_MS = 500;
const WAIT_MS = 2_000;

/** Resolves with the number of calls that moved. Rejects with `handover-wait` (hold: calls that cannot move are left),
 * `handover-copy` and `handover-back` (hold: nothing was moved, or all went back), or as the ports do. */
export async function handOver(ports: HandoverPorts, what: Handover): Promise<number> {
  const { giver, taker, store, tell } = ports;
  const note = parseNote(await store.note());
  const isOther = note !== undefined && (note.giver !== giver.name || note.taker !== taker.name);
  if (isOther || (note?.address ?? what.address) !== what.address) throw otherPair(note);
  await giver.cordon();
  if (note !== undefined) tell({ kind: 'resumed', stage: note.stage });
  else tell({ kind: 'cordoned' });
  if (note?.stage === 'taken') return await finish(ports, what, note.calls, new Map());
  return await move(ports, what, note);
}

async function move(ports: HandoverPorts, what: Handover, note: Note | undefined): Promise<number> {
  const { giver, taker, store, tell, now } = ports;
  const { databases } = what;
  if (note !== undefined && (await isTaken(ports, note.calls, what.patienceMs)))
    return await take(ports, what, note.calls, new Map());
  if (note !== undefined) await ports.move('giver');
  const moving = await untilMovable(ports, what);
  await taker.watch(databases.through);
  const copies: Copies = new Map();
  await copyAll(ports, databases, moving, copies).catch(async (error: unknown) => {
    await takeBack(ports, databases, copies);
    throw error;
  });
  tell({ kind: 'copied', calls: copies.size });
  const calls = [...copies.keys()];
  const talking = (await growth(ports, giver, calls, LOOK_MS)).grown > 0;
  const names = { giver: giver.name, taker: taker.name, address: what.address };
  await store.setNote(JSON.stringify({ ...names, stage: 'moving', calls, talking } satisfies Note));
  const from = now();
  await moveOrGoBack(ports, what, { moving, copies, talking });
  tell({ kind: 'moved', calls: copies.size, ms: now() - from });
  const before = await mediaOf(giver, [...copies.keys()]);
  return await take(ports, what, [...copies.keys()], before);
}

/** A run that was killed between `moving` and `taken` may have left the address with either. Without a packet on any call it
 * goes where more of them are: a giver without media gives them up after its timeout. One that ended by itself may so be kept by the
 * taker until that one's timeout for media. */
async function isTaken(ports: HandoverPorts, calls: readonly string[], patienceMs: number): Promise<boolean> {
  const found = await whereIs(ports, calls, patienceMs);
  if (found !== 'nowhere') return found === 'taker';
  const givers = new Set((await ports.giver.calls()).map(({ callId }) => callId));
  const takers = (await ports.taker.calls()).filter(({ ending }) => !ending).map(({ callId }) => callId);
  if (!takers.some((callId) => calls.includes(callId) && !givers.has(callId))) return false;
  await ports.move('taker');
  return true;
}

type Load = {
  readonly moving: ReadonlySet<string>;
  readonly copies: Copies;
  /** Media flows on them. */
  readonly talking: boolean;
};

/** The last moment at which nothing has happened yet is right before `ports.move`. */
async function moveOrGoBack(
  ports: HandoverPorts,
  { databases, patienceMs }: Handover,
  { moving, copies, talking }: Load,
): Promise<void> {
  const { store, tell } = ports;
  try {
    await copyChanges(ports, databases, moving, copies);
    await ports.move('taker');
    // What the giver was told while the address was on its way.
    await copyChanges(ports, databases, moving, copies);
    const calls = [...copies.keys()];
    const found = await whereIs(ports, calls, patienceMs);
    if (found === 'taker' || (found === 'nowhere' && (!talking || calls.length === 0))) return;
    throw new FleetError({
      kind: 'hold',
      code: 'handover-back',
      message: `The address was moved, but no media of ${plural(calls.length, 'call')} arrived at ${ports.taker.name}; it went back to ${ports.giver.name}.`,
      hint: 'See whether the taker may have the address (ip_nonlocal_bind, the network’s own rules) and what --move did.',
    });
  } catch (error) {
    if (!isFleetError(error)) throw error;
    await ports.move('giver');
    await takeBack(ports, databases, copies);
    await store.setNote(undefined);
    tell({ kind: 'went-back', because: error.message });
    throw error;
  }
}

/** Who hears the media of these calls? Asked until somebody does, or patience ends. */
async function whereIs(
  ports: HandoverPorts,
  calls: readonly string[],
  patienceMs: number,
): Promise<'giver' | 'taker' | 'nowhere'> {
  const until = ports.now() + patienceMs;
  for (;;) {
    const [at, from]: readonly Growth[] = await Promise.all([
      growth(ports, ports.taker, calls, LOOK_MS),
      growth(ports, ports.giver, calls, LOOK_MS),
    ]);
    if ((at?.grown ?? 0) > 0 && from?.grown === 0) return 'taker';
    if (ports.now() > until) return (from?.grown ?? 0) > 0 ? 'giver' : 'nowhere';
  }
}

async function take(
  ports: HandoverPorts,
  what: Handover,
  calls: readonly string[],
  before: ReadonlyMap<string, CallMedia>,
): Promise<number> {
  const { giver, taker, store } = ports;
  await taker.activate();
  const names = { giver: giver.name, taker: taker.name, address: what.address };
  await store.setNote(JSON.stringify({ ...names, stage: 'taken', calls, talking: false } satisfies Note));
  return await finish(ports, what, calls, before);
}

/** Each step may be repeated. */
async function finish(
  ports: HandoverPorts,
  what: Handover,
  calls: readonly string[],
  before: ReadonlyMap<string, CallMedia>,
): Promise<number> {
  const { giver, taker, store, tell } = ports;
  const { databases } = what;
  const late = (await sorted(ports, what)).filter(
    ({ callId, fate }) => fate.kind !== 'elsewhere' && !calls.includes(callId),
  );
  if (late.length > 0) throw newCalls(giver.name, late);
  await giver.letGo(calls);
  // First the copies: a watching taker would take the deletion of a foreign call for its end; of its own it ignores it.
  await store.remove(databases.through, calls);
  await taker.unwatch(databases.through);
  await store.remove(databases.giver, calls);
  const gaps = await tellGaps(ports, before);
  await store.setNote(undefined);
  tell({ kind: 'done', calls: calls.length, ...gaps });
  return calls.length;
}

async function tellGaps({ taker, tell }: HandoverPorts, before: ReadonlyMap<string, CallMedia>) {
  const after = await mediaOf(taker, [...before.keys()]);
  const gaps = [...before].flatMap(([callId, was]) => {
    const is = after.get(callId);
    return is === undefined ? [] : [{ callId, packets: gapOf(was, is) }];
  });
  for (const gap of gaps) tell({ kind: 'call', ...gap });
  const told = gaps.map(({ packets }) => packets).filter((packets) => packets !== 'unknown');
  return { told: told.length, mostPackets: told.length === 0 ? ('unknown' as const) : Math.max(...told) };
}

/** The address moves for all calls at once, so one that cannot move holds all. Resolves with those that will. */
async function untilMovable(ports: HandoverPorts, what: Handover): Promise<ReadonlySet<string>> {
  const { giver, tell, now, sleep } = ports;
  const until = now() + what.waitMs;
  let said = '';
  for (;;) {
    const calls = await sorted(ports, what);
    const blocked = blockedIn(calls, giver.name);
    if (blocked === undefined)
      return new Set(calls.filter(({ fate }) => fate.kind === 'moves').map(({ callId }) => callId));
    if (now() > until) throw mustWait(blocked.because);
    if (blocked.because !== said) tell({ kind: 'waits', ...blocked });
    said = blocked.because;
    await sleep(WAIT_MS);
  }
}

function mustWait(because: string): FleetError {
  return new FleetError({
    kind: 'hold',
    code: 'handover-wait',
    message: `${because}; nothing was moved`,
    hint: 'The relay stays cordoned. Wait longer (--wait-seconds), or run it again later.',
  });
}

function otherPair({ giver, taker, address }: Partial<Note> = {}): FleetError {
  return new FleetError({
    kind: 'usage',
    code: 'handover-note',
    message: `a hand-over from ${giver} to ${taker}${address === undefined ? '' : ` of ${address}`} was begun and did not end`,
    hint: 'Run that one again first: it goes on from where it was.',
  });
}

function newCalls(name: string, calls: readonly Sorted[]): FleetError {
  return new FleetError({
    kind: 'hold',
    code: 'handover-new-calls',
    message: `${name} has ${plural(calls.length, 'call')} that came after the copy, first ${calls[0]?.callId}; those that moved are safe with the taker`,
    hint: 'They go on where they are only if the address is there. Run it again once they are over.',
  });
}
