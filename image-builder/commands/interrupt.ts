/** Ctrl-C as a signal that everything under way can wait for. */
import { EXIT, FleetError } from '../../lib/errors.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** A package manager may hand on what the terminal has sent already: so soon it is the same Ctrl-C. */
const SAME_MS = 2_000;

/** Hands `work` a signal that the first SIGINT, SIGTERM or SIGHUP aborts, with the error that the program then ends with. */
export async function interruptible<T>(
  work: (signal: AbortSignal) => Promise<T>,
  message = 'interrupted',
): Promise<T> {
  const interrupted = new AbortController();
  let first: number | undefined;
  const stop = () => {
    if (first !== undefined && performance.now() - first > SAME_MS) process.exit(EXIT.interrupted);
    first ??= performance.now();
    interrupted.abort(new FleetError({ kind: 'interrupted', code: 'interrupted', message }));
  };
  // Not `once`: a library that then finds only its own listener ends the program at once (signal-exit 4).
  for (const signal of SIGNALS) process.on(signal, stop);
  try {
    return await work(interrupted.signal);
  } finally {
    for (const signal of SIGNALS) process.off(signal, stop);
  }
}
