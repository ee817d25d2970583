/**
 * Sends a call again when, and only when, that is safe: GCE refused it for its rate, or it is safe to repeat.
 * gax's own retries are switched off: they last ten minutes for reads and ignore quota errors (measured, gax 6.17).
 */
import type { Refusal } from './errors.ts';
import { isAmbiguous, isRateLimited } from './errors.ts';

/** Time and chance, as arguments. */
export type Clock = {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Resolves after `ms`; rejects with the signal's reason when it is aborted. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** In [0, 1). */
  readonly random: () => number;
};

export type RetryPolicy = {
  /** May the request be sent again though the first may have been carried out? */
  readonly repeatable: boolean;
  /** No attempt starts after this time (ms since the epoch). */
  readonly deadline: number;
};

const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 8_000;
/** Quotas count over 60 s windows: a short pause only burns the next window (GCE: rate quotas). */
const FIRST_RATE_DELAY_MS = 2_000;

/** Milliseconds before attempt `attempt` + 1, or undefined: do not send again. Full jitter on the upper half. */
export function pauseBefore(
  refusal: Refusal,
  attempt: number,
  policy: RetryPolicy,
  clock: Clock,
): number | undefined {
  const limited = isRateLimited(refusal);
  if (!limited && !(policy.repeatable && isAmbiguous(refusal))) return undefined;
  const longest = Math.min(
    LONGEST_DELAY_MS,
    (limited ? FIRST_RATE_DELAY_MS : FIRST_DELAY_MS) * 2 ** (attempt - 1),
  );
  const pause = longest * (0.5 + clock.random() / 2);
  return clock.now() + pause < policy.deadline ? pause : undefined;
}

/** Runs `send` until it succeeds, is refused for good, or the deadline is near; the last error is the one thrown. */
export async function withRetries<T>(
  send: () => Promise<T>,
  read: (error: unknown) => Refusal,
  policy: RetryPolicy,
  clock: Clock,
  signal?: AbortSignal,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    try {
      return await send();
    } catch (error) {
      const pause = pauseBefore(read(error), attempt, policy, clock);
      if (pause === undefined) throw error;
      await clock.sleep(pause, signal);
    }
  }
}
