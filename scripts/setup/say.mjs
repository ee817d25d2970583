/** What set-up tells its user: one line per thing it does, one sentence and a way out when it cannot. */

/** A foreseen failure. Ends set-up with exit code 2 and no stack trace. */
export class SetupError extends Error {
  /**
   * @param {string} message one sentence
   * @param {string} hint the way out
   */
  constructor(message, hint) {
    super(message);
    this.name = 'SetupError';
    this.hint = hint;
  }
}

/** A part that runs as a program of its own failed, and said why. */
export class Failed extends Error {
  /** @param {number} code its exit code */
  constructor(code) {
    super(`ended with exit code ${code}`);
    this.name = 'Failed';
    this.code = code;
  }
}

/** Ctrl-C or `kill`. */
export class Interrupted extends Error {
  /** @param {NodeJS.Signals} signal */
  constructor(signal) {
    super('interrupted; the next run goes on from here');
    this.name = 'Interrupted';
    this.signal = signal;
  }
}

/**
 * To standard error: standard output belongs to the command that set-up prepares.
 * @param {string} line
 */
export function say(line) {
  process.stderr.write(`setup: ${line}\n`);
}

/**
 * Words what was thrown; anything unforeseen is a bug and keeps its stack trace.
 * @param {unknown} error
 * @returns {number} exit code
 */
export function complain(error) {
  if (error instanceof SetupError) {
    say(`${error.message}\n  ${error.hint}`);
    return 2;
  }
  if (error instanceof Interrupted) {
    say(error.message);
    return error.signal === 'SIGINT' ? 130 : 143;
  }
  if (error instanceof Failed) {
    const didSay = error.code <= 128 || error.code === 130 || error.code === 143;
    if (!didSay) say('stopped by a signal; the next run goes on from here');
    return error.code;
  }
  throw error;
}
