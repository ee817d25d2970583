/** What shows who carries calls: packets that came in between two looks. */
import type { CallMedia } from '../../lib/relay/call-media.ts';
import type { HandoverPorts, Side } from './ports.ts';

/** So many calls tell enough of where an address is. */
const ASKED = 32;

export type Growth = { readonly asked: number; readonly grown: number };

/** On how many of these calls, of those that are up there, did more packets come in within `ms`? A call that does not tell
 * shows nothing. */
export async function growth(
  { sleep }: Pick<HandoverPorts, 'sleep'>,
  side: Side,
  calls: readonly string[],
  ms: number,
): Promise<Growth> {
  const up = new Set((await side.calls()).filter(({ ending }) => !ending).map(({ callId }) => callId));
  const some = calls.filter((callId) => up.has(callId)).slice(0, ASKED);
  const first = await mediaOf(side, some);
  await sleep(ms);
  const second = await mediaOf(side, some);
  const grown = some.filter((callId) => {
    const [was, is] = [first.get(callId)?.packets, second.get(callId)?.packets];
    return typeof was === 'number' && typeof is === 'number' && is > was;
  });
  return { asked: some.length, grown: grown.length };
}

export async function mediaOf(side: Side, calls: readonly string[]): Promise<ReadonlyMap<string, CallMedia>> {
  const found = new Map<string, CallMedia>();
  for (const callId of calls) {
    const media = await side.media(callId);
    if (media !== undefined) found.set(callId, media);
  }
  return found;
}
