/** What becomes of a program whose output cannot be written: a disk is full, or nobody reads any more. */
import { EXIT, FleetError, reasonOf, wordError } from './errors.ts';

/** @param failure absent: whoever read has enough (`| head`), or the terminal is gone, which is no mistake */
export type WhenUnwritable = (failure?: FleetError) => void;

/** Calls `then` in the place of the stack trace that Node ends a program with. */
export function guardOutput(then: WhenUnwritable = endAtOnce): void {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => then(failureOf(error)));
}

/** Nothing is under way that should end first. */
export function endAtOnce(failure?: FleetError): never {
  if (failure === undefined) process.exit();
  process.stderr.write(`${wordError(failure)}\n`);
  process.exit(EXIT.usage);
}

function failureOf(error: NodeJS.ErrnoException): FleetError | undefined {
  if (error.code === 'EPIPE' || error.code === 'EIO') return undefined;
  return new FleetError({
    kind: 'usage',
    code: 'output',
    message: `The output cannot be written: ${reasonOf(error)}`,
    cause: error,
  });
}
