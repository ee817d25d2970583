/** Several things at once, none of them left running when one fails: what they use may be closed after that. */
import { mapLimited } from '../lib/limited.ts';

/** As Promise.all, but waits for every one before it rejects with the first failure. */
export async function settled<const P extends readonly Promise<unknown>[]>(
  under: P,
): Promise<{ -readonly [K in keyof P]: Awaited<P[K]> }> {
  await Promise.allSettled(under);
  return await Promise.all(under);
}

/** `act` on every item, at most `atOnce` at a time; results in order, or the first failure once all have ended. */
export async function settledLimited<In, Out>(
  items: readonly In[],
  atOnce: number,
  act: (item: In) => Promise<Out>,
): Promise<readonly Out[]> {
  const outcomes = await mapLimited(items, atOnce, async (item) => {
    const [outcome] = await Promise.allSettled([act(item)]);
    return outcome;
  });
  return await Promise.all(
    outcomes.map((one) => (one.status === 'fulfilled' ? one.value : Promise.reject(one.reason))),
  );
}
