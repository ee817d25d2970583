/** Several things at once, none of them left running when one fails. */

/** As Promise.all, but waits for every one before it rejects with the first failure. */
export async function settled<const P extends readonly Promise<unknown>[]>(
  under: P,
): Promise<{ -readonly [K in keyof P]: Awaited<P[K]> }> {
  await Promise.allSettled(under);
  return await Promise.all(under);
}

/** `act` on every item, at most `parallel` at once; results in order. Begins nothing more once one has failed. */
export async function mapLimited<In, Out>(
  items: readonly In[],
  parallel: number,
  act: (item: In) => Promise<Out>,
): Promise<readonly Out[]> {
  const results: Out[] = new Array(items.length);
  const queue = items.entries();
  let failed = false;
  const worker = async () => {
    for (const [index, item] of queue) {
      if (failed) return;
      results[index] = await act(item).catch((error: unknown) => {
        failed = true;
        throw error;
      });
    }
  };
  await settled(Array.from({ length: Math.min(parallel, items.length) }, worker));
  return results;
}
