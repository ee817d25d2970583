/** Makes the taker have, as foreign calls, exactly what the giver has. */
import { FleetError } from '../../lib/errors.ts';
import type { Databases } from '../core/handover.ts';
import type { HandoverPorts } from './ports.ts';

/** What the taker was given, by call-id: the bytes of the giver's own key. */
export type Copies = Map<string, Uint8Array>;

const LOOK_MS = 50;
/** So long a taker may need for what was written to the database that it watches, ms. */
const RESTORE_MS = 10_000;
const PASSES = 20;

/** Copies, and notes in `copies`, until the giver changed nothing meanwhile and the taker has each call. Rejects with `handover-copy` (hold) if that
 * does not come about: then the giver still has the address and every call. */
export async function copyAll(
  ports: HandoverPorts,
  databases: Databases,
  moving: ReadonlySet<string>,
  copies: Copies,
): Promise<void> {
  await dropOldCopies(ports, databases, moving);
  await refuseOthers(ports, moving);
  for (let pass = 0; pass < PASSES; pass += 1) {
    const changed = await copyChanges(ports, databases, moving, copies);
    await untilRestored(ports, copies);
    if (!changed) return;
  }
  throw notCopied(`${ports.giver.name} changed its calls faster than they could be copied`);
}

/** Of a run that was killed: calls that are over would stay with the taker for ever. */
async function dropOldCopies(
  { store }: HandoverPorts,
  { through }: Databases,
  moving: ReadonlySet<string>,
): Promise<void> {
  const old = (await store.ids(through)).filter((callId) => !moving.has(callId));
  await store.remove(through, old);
}

/** `active` makes all foreign calls of the taker its own: it must have none but those that it is given. */
async function refuseOthers(
  { taker, now, sleep }: HandoverPorts,
  moving: ReadonlySet<string>,
): Promise<void> {
  const until = now() + RESTORE_MS;
  for (;;) {
    const other = (await taker.calls()).find(({ callId, foreign }) => foreign && !moving.has(callId));
    if (other === undefined) return;
    if (now() > until) throw notCopied(`${taker.name} has taken over call ${other.callId} of somebody else`);
    await sleep(LOOK_MS);
  }
}

/** One pass over the giver's keys; true: something was different from what the taker had been given. */
export async function copyChanges(
  { store, giver }: HandoverPorts,
  { giver: from, through }: Databases,
  moving: ReadonlySet<string>,
  copies: Copies,
): Promise<boolean> {
  const up = (await giver.calls()).filter(({ callId, ending }) => !ending && moving.has(callId));
  const live = up.map(({ callId }) => callId);
  let changed = false;
  for (const callId of live) {
    const value = await store.read(from, callId);
    if (value === undefined) throw notCopied(`${giver.name} has not written call ${callId} to Redis`);
    const known = copies.get(callId);
    if (known !== undefined && Buffer.compare(known, value) === 0) continue;
    await store.write(through, callId, value, true);
    copies.set(callId, value);
    changed = true;
  }
  const gone = [...copies.keys()].filter((callId) => !live.includes(callId));
  await store.remove(through, gone);
  for (const callId of gone) copies.delete(callId);
  return changed || gone.length > 0;
}

async function untilRestored({ taker, now, sleep }: HandoverPorts, copies: Copies): Promise<void> {
  const until = now() + RESTORE_MS;
  for (;;) {
    const has = new Set((await taker.calls()).map(({ callId }) => callId));
    const missing = [...copies.keys()].filter((callId) => !has.has(callId));
    if (missing.length === 0) return;
    if (now() > until)
      throw notCopied(
        `${taker.name} did not restore ${missing.length} of ${copies.size} calls, first ${missing[0]}`,
      );
    await sleep(LOOK_MS);
  }
}

/** Takes the copies away again; the taker forgets its foreign calls by that, and the giver keeps its keys. */
export async function takeBack(ports: HandoverPorts, databases: Databases, copies: Copies): Promise<void> {
  const { store, giver, taker, now, sleep } = ports;
  await store.remove(databases.through, [...copies.keys()]);
  const until = now() + RESTORE_MS;
  while (now() <= until && (await taker.calls()).some(({ callId, foreign }) => foreign && copies.has(callId)))
    await sleep(LOOK_MS);
  await taker.unwatch(databases.through);
  // A foreign call that goes takes its giver's key with it in 10.5 (daemon/redis.c redis_delete@mr10.5.3.5).
  const live = new Set((await giver.calls()).map(({ callId }) => callId));
  for (const [callId, value] of copies)
    if (live.has(callId) && (await store.read(databases.giver, callId)) === undefined)
      await store.write(databases.giver, callId, value, false);
}

function notCopied(message: string): FleetError {
  return new FleetError({
    kind: 'hold',
    code: 'handover-copy',
    message: `${message}; nothing was moved`,
    hint: 'Look into the log of the taker: it has to have each logical interface of the giver, at the same address and with the same ports.',
  });
}
