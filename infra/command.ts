/** How each of this folder's commands ends, whatever happens: its words on stderr once, and its exit code. */
import { type Command, CommanderError } from 'commander';
import { EXIT, exitCodeOf, wordError } from '../lib/errors.ts';

/** Runs one command line (`process.argv`). The first `--` is what `pnpm x -- …` leaves. */
export async function runCommand(program: Command, argv: readonly string[]): Promise<void> {
  process.stdout.on('error', endWithoutOutput);
  try {
    await program.parseAsync(argv.filter((word, place) => !(word === '--' && place === 2)));
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode !== 0) process.stderr.write(`${error.message.replace(/^error: /, '')}\n`);
      process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
      return;
    }
    process.stderr.write(`${wordError(error)}\n`);
    process.exitCode = exitCodeOf(error);
  }
}

/** Whoever read has enough (`| head`), and that is no mistake; a full disk is told. */
function endWithoutOutput(error: NodeJS.ErrnoException): never {
  if (error.code === 'EPIPE') process.exit();
  process.stderr.write(`The output cannot be written: ${error.message}\n`);
  process.exit(EXIT.usage);
}
