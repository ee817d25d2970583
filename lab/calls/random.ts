/** Chance as an argument: a seed gives the same calls again. */
export type Random = {
  /** In [low, high). */
  readonly uniform: (low: number, high: number) => number;
  /** Pause until the next arrival, when `rate` of them arrive per second: seconds, exponentially distributed. */
  readonly pause: (rate: number) => number;
};

/** Mulberry32, a public-domain generator of 32 bits of state: plenty for call lengths, and the same everywhere. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    uniform: (low, high) => low + next() * (high - low),
    pause: (rate) => -Math.log(1 - next()) / rate,
  };
}
