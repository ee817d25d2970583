/** Command lines of what only looks. */
import process from 'node:process';
import type { Command } from 'commander';
import { example, exits, withFleet } from './options.ts';

export function addLooks(program: Command): void {
  const command = withFleet(program.command('status'))
    .description('show where every relay stands')
    .option('--watch', 'go on until Ctrl-C', false)
    .option('--json', 'print JSON, one line per look', false)
    .action(async (options) => {
      process.exitCode = await (await import('../commands/status.ts')).status(options);
    });
  example(command, 'rollout status --watch', 'rollout status --json');
  exits(command, '0 shown, 3 the cloud cannot be read');
  addSessions(program);
  addVerify(program);
}

function addSessions(program: Command): void {
  const command = withFleet(program.command('sessions'))
    .argument('[relays...]', 'names of relays (default: all)')
    .description('list every call that is left: age, last packet, and why it holds its relay')
    .option('--json', 'print JSON', false)
    .action(async (names: readonly string[], options) => {
      process.exitCode = await (await import('../commands/sessions.ts')).sessions(names, options);
    });
  example(command, 'rollout sessions lab-us-central1-a-x1', 'rollout sessions --json');
  exits(command, '0 all calls are listed, 3 a relay did not tell its calls');
}

function addVerify(program: Command): void {
  const command = withFleet(program.command('verify'))
    .description(
      'find what is wrong between two rollouts, each with its next step; exit code 3 if anything is',
    )
    .option('--json', 'print JSON', false)
    .action(async (options) => {
      process.exitCode = await (await import('../commands/verify.ts')).verify(options);
    });
  example(command, 'rollout verify', 'rollout verify --json');
  exits(command, '0 nothing is wrong, 3 something is');
}
