/** `pnpm image:build …`: words to order, order to build, errors to sentences. Everything heavy is imported on use. */
import { Command } from 'commander';
import { EXIT, exitCodeOf, wordError } from '../lib/errors.ts';
import { addBuild } from './cli/build.ts';
import { addLife } from './cli/life.ts';
import { addLock, addVerify } from './cli/lock.ts';

function program(): Command {
  const cli = new Command('image-builder').description(
    'Golden images of RTPEngine for Google Compute Engine.',
  );
  // Exit code 2 for a wrong word, as everywhere in rtpfleet.
  cli.exitOverride((error) => process.exit(error.exitCode === 0 ? EXIT.done : EXIT.usage));
  addBuild(cli);
  addVerify(cli);
  addLock(cli);
  addLife(cli);
  return cli;
}

async function main(argv: readonly string[]): Promise<void> {
  // `pnpm image:build -- --plan` hands the dashes on.
  const words = argv.filter((word, place) => !(word === '--' && place < 4));
  try {
    await program().parseAsync(words);
  } catch (error) {
    process.stderr.write(`${wordError(error)}\n`);
    process.exitCode = exitCodeOf(error);
  }
}

await main(process.argv);
