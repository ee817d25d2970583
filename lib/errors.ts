/**
 * The one error type of rtpfleet. Where it is thrown it carries facts; only a CLI words it (`wordError`).
 *
 * Exit codes: 0 done, 1 bug, 2 usage or configuration, 3 halted or held, 4 lock held, 130 interrupted.
 */
export const EXIT = {
  done: 0,
  bug: 1,
  usage: 2,
  halted: 3,
  locked: 4,
  aborted: 5,
  interrupted: 130,
} as const;

/** What the caller may do next: `usage` = the user mends the input; `retry` = the next round may succeed;
 * `hold` = leave this relay as it is; `stop` = end the run; `locked` = another run is on; `interrupted` = Ctrl-C. */
export type ErrorKind = 'usage' | 'retry' | 'hold' | 'stop' | 'locked' | 'interrupted';

/** Facts that belong to an error, for `--json` and the journal; values are printed as they are. */
export type Facts = Readonly<Record<string, string | number | boolean | undefined>>;

export type FleetErrorInput = {
  readonly kind: ErrorKind;
  /** Stable identifier, lower-case words with dashes, e.g. `unknown-version`. */
  readonly code: string;
  /** One sentence: the place, the value. */
  readonly message: string;
  /** The way out, an imperative sentence. */
  readonly hint?: string;
  readonly facts?: Facts;
  readonly cause?: unknown;
};

export class FleetError extends Error {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly hint: string | undefined;
  readonly facts: Facts;

  constructor(input: FleetErrorInput) {
    super(input.message, input.cause === undefined ? undefined : { cause: input.cause });
    this.name = 'FleetError';
    this.kind = input.kind;
    this.code = input.code;
    this.hint = input.hint;
    this.facts = input.facts ?? {};
  }
}

/** True for an error that rtpfleet raised on purpose; anything else is a bug and keeps its stack trace. */
export function isFleetError(error: unknown): error is FleetError {
  return error instanceof FleetError;
}

/** The message of anything that was thrown, for a `cause` or a log line. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The exit code that an error ends a program with. */
export function exitCodeOf(error: unknown): number {
  if (!isFleetError(error)) return EXIT.bug;
  switch (error.kind) {
    case 'usage':
      return EXIT.usage;
    case 'retry':
    case 'hold':
    case 'stop':
      return EXIT.halted;
    case 'locked':
      return EXIT.locked;
    case 'interrupted':
      return EXIT.interrupted;
    default:
      return error.kind satisfies never;
  }
}

/** The text that a person reads: message, then hint. A bug shows its stack, since only its maintainer can help. */
export function wordError(error: unknown): string {
  if (isFleetError(error))
    return error.hint === undefined ? error.message : `${error.message}\n  ${error.hint}`;
  return `internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}
