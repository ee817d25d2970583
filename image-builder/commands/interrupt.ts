/** Ctrl-C as a signal that everything under way can wait for. */
import { FleetError } from '../../lib/errors.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Hands `work` a signal that the first SIGINT, SIGTERM or SIGHUP aborts, with the error that the program then ends with. */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const interrupted = new AbortController();
  const stop = () =>
    interrupted.abort(new FleetError({ kind: 'interrupted', code: 'interrupted', message: 'interrupted' }));
  for (const signal of SIGNALS) process.once(signal, stop);
  try {
    return await work(interrupted.signal);
  } finally {
    for (const signal of SIGNALS) process.off(signal, stop);
  }
}
