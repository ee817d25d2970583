import { exitCodeOf, wordError } from '../../lib/errors.ts';
import { main } from './command.ts';

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${wordError(error)}\n`);
  return exitCodeOf(error);
});
