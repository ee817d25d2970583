/** Where two lists part. Pure. */

/** The first line in which two lists differ, of both; undefined: they are the same. */
export function firstDifference(a: string, b: string): string | undefined {
  const [left, right] = [a.split('\n'), b.split('\n')];
  const place = left.findIndex((line, index) => line !== right[index]);
  if (place === -1)
    return right.length > left.length ? `only in the second: ${right[left.length]}` : undefined;
  return `first:  ${left[place]}\n    second: ${right[place] ?? '(nothing)'}`;
}
