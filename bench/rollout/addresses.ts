/** Loopback address of the `index`-th relay; up to 62,500 of them. Pure. */
export function addressOf(index: number): string {
  return `127.77.${Math.floor(index / 250)}.${(index % 250) + 1}`;
}
