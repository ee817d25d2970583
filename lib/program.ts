/** How a command line ends, whatever happens: its words on stderr once, and its exit code. */
import { type Command, CommanderError } from 'commander';
import { EXIT, exitCodeOf, wordError } from './errors.ts';
import { guardOutput, type WhenUnwritable } from './output.ts';

/**
 * Runs one command line.
 * @param program with `exitOverride`; what it would say of an error itself is kept silent
 * @param argv `process.argv`, without the `--` that `pnpm x -- …` leaves
 */
export async function runProgram(
  program: Command,
  argv: readonly string[],
  whenUnwritable?: WhenUnwritable,
): Promise<void> {
  guardOutput(whenUnwritable);
  try {
    await program.parseAsync(argv);
  } catch (error) {
    if (error instanceof CommanderError) {
      const isSaid = error.exitCode === 0 || error.code === 'commander.help';
      if (!isSaid) process.stderr.write(`${error.message.replace(/^error: /, '')}\n`);
      process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
      return;
    }
    process.stderr.write(`${wordError(error)}\n`);
    process.exitCode = exitCodeOf(error);
  }
}

/** Without the `--` that `pnpm x -- …` leaves. Pure.
 * @param before how many words of the package's script may stand before it */
export function withoutDashes(argv: readonly string[], before = 0): readonly string[] {
  return argv.filter((word, place) => !(word === '--' && place >= 2 && place <= 2 + before));
}
