/** `act` on every item, at most `parallel` at once; results in the order of the items. The first failure is thrown. */
export async function mapLimited<In, Out>(
  items: readonly In[],
  parallel: number,
  act: (item: In) => Promise<Out>,
): Promise<readonly Out[]> {
  const results: Out[] = new Array(items.length);
  const queue = items.entries();
  const worker = async () => {
    for (const [index, item] of queue) results[index] = await act(item);
  };
  await Promise.all(Array.from({ length: Math.min(parallel, items.length) }, worker));
  return results;
}
