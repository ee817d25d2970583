/** Runs `act` on every item, at most `atOnce` at a time; results in the order of the items. The first rejection
 * rejects it, and no further item is begun. */
export async function mapLimited<In, Out>(
  items: readonly In[],
  atOnce: number,
  act: (item: In) => Promise<Out>,
): Promise<Out[]> {
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
  await Promise.all(Array.from({ length: Math.max(1, atOnce) }, worker));
  return results;
}
