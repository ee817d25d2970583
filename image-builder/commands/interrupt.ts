/** Ctrl-C as a signal that everything under way can wait for. */
import { EXIT, FleetError } from '../../lib/errors.ts';
import { endAtOnce } from '../../lib/output.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** A package manager may hand on what the terminal has sent already: so soon it is the same Ctrl-C. */
const SAME_MS = 2_000;

type UnderWay = {
  /** Ends it with an error, as Ctrl-C does. */
  readonly end: (error: FleetError) => void;
  /** What the caller is told in the place of that. */
  instead?: FleetError | undefined;
};

const underWay = new Set<UnderWay>();

/** Hands `work` a signal that the first SIGINT, SIGTERM or SIGHUP aborts, with the error that the program then ends with. */
export async function interruptible<T>(
  work: (signal: AbortSignal) => Promise<T>,
  message = 'interrupted',
): Promise<T> {
  const interrupted = new AbortController();
  const own: UnderWay = { end: (error) => interrupted.abort(error) };
  let first: number | undefined;
  const stop = () => {
    if (first !== undefined && performance.now() - first > SAME_MS) process.exit(EXIT.interrupted);
    first ??= performance.now();
    own.end(new FleetError({ kind: 'interrupted', code: 'interrupted', message }));
  };
  // Not `once`: a library that then finds only its own listener ends the program at once (signal-exit 4).
  for (const signal of SIGNALS) process.on(signal, stop);
  underWay.add(own);
  try {
    return await work(interrupted.signal);
  } catch (error) {
    throw error === interrupted.signal.reason ? (own.instead ?? error) : error;
  } finally {
    underWay.delete(own);
    for (const signal of SIGNALS) process.off(signal, stop);
  }
}

/** What is under way ends as after Ctrl-C, so that nothing is left of it. */
export function endWithoutOutput(failure?: FleetError): void {
  if (underWay.size === 0) endAtOnce(failure);
  const message = 'nobody reads the output any more; nothing is left running';
  for (const work of underWay) {
    work.instead = failure;
    work.end(new FleetError({ kind: 'interrupted', code: 'unread', message }));
  }
}
