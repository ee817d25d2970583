/** `pnpm image:build …`: words to order, order to build, errors to sentences. Everything heavy is imported on use. */
import { Command } from 'commander';
import { runProgram, withoutDashes } from '../lib/program.ts';
import { addBuild } from './cli/build.ts';
import { addLife } from './cli/life.ts';
import { addLock, addVerify } from './cli/lock.ts';
import { endWithoutOutput } from './commands/interrupt.ts';

function program(): Command {
  const cli = new Command('image-builder')
    .description('Golden images of RTPEngine for Google Compute Engine.')
    .exitOverride()
    .configureOutput({ outputError: () => undefined });
  addBuild(cli);
  addVerify(cli);
  addLock(cli);
  addLife(cli);
  return cli;
}

// The package's scripts put the command before the dashes.
await runProgram(program(), withoutDashes(process.argv, 1), endWithoutOutput);
