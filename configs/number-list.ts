/** Lists of CPUs and ports as the kernel and systemd write them: `0-1,3`. Pure. */

/** The numbers in a list, ascending. The schema has checked its form; `3-2` names none. */
export function numbersOf(list: string): readonly number[] {
  const numbers = list.split(',').flatMap((part) => {
    const [first = 0, last = first] = part.split('-').map(Number);
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
  });
  return [...new Set(numbers)].toSorted((a, b) => a - b);
}

/** The one way in which the kernel itself would write this list (`%*pbl`): ascending, neighbours joined. */
export function asKernelWrites(list: string): string {
  const runs: { first: number; last: number }[] = [];
  for (const number of numbersOf(list)) {
    const run = runs.at(-1);
    if (run !== undefined && number === run.last + 1) run.last = number;
    else runs.push({ first: number, last: number });
  }
  return runs.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}
