/** Which calls of a giver move with an address, and which keep all of them where they are. */
import { type Databases, type Fate, fateOf } from '../core/handover.ts';
import { plural } from '../core/words.ts';
import type { HandoverPorts } from './ports.ts';

/** Version of the giver, the address that is to move, and where it keeps its calls. */
type At = {
  readonly version: string;
  readonly address: string;
  readonly databases: Pick<Databases, 'giver'>;
};

type Blocked = { readonly calls: number; readonly because: string };

export function blockedIn(calls: readonly Sorted[], name: string): Blocked | undefined {
  const blocks = calls.flatMap(({ callId, fate }) => (fate.kind === 'blocks' ? [{ callId, ...fate }] : []));
  const [first] = blocks;
  if (first === undefined) return undefined;
  const because = `${plural(blocks.length, 'call')} of ${name} cannot move, ${first.callId}: ${first.because}`;
  return { calls: blocks.length, because };
}

/** Which calls keep all at the address where they are, and why; undefined: none does. Touches nothing. */
export async function blockedBy(
  ports: Pick<HandoverPorts, 'giver' | 'store'>,
  what: At,
): Promise<Blocked | undefined> {
  return blockedIn(await sorted(ports, what), ports.giver.name);
}

export type Sorted = { readonly callId: string; readonly fate: Fate };

export async function sorted(
  { giver, store }: Pick<HandoverPorts, 'giver' | 'store'>,
  { databases, version, address }: At,
): Promise<readonly Sorted[]> {
  const calls: Sorted[] = [];
  for (const { callId, ending } of await giver.calls()) {
    const [media, kept] = [await giver.media(callId), await store.read(databases.giver, callId)];
    const fate = fateOf({ media, kept }, version, address);
    const ends = ending && fate.kind !== 'elsewhere';
    calls.push({ callId, fate: ends ? { kind: 'blocks', because: 'it is ending' } : fate });
  }
  return calls;
}
