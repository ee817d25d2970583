/** Command lines of what a person does with one relay. */
import process from 'node:process';
import type { Command } from 'commander';
import { example, withFleet } from './options.ts';

export function addHands(program: Command): void {
  for (const kind of ['cordon', 'uncordon'] as const)
    example(
      withFleet(program.command(kind))
        .argument('<relay>', 'name of the relay')
        .description(
          kind === 'cordon' ? 'no new calls on one relay; those that are up go on' : 'take a relay back',
        )
        .action(async (relay: string, options) => {
          process.exitCode = await (await import('../commands/cordon.ts')).byHandOn(kind, relay, options);
        }),
      `rollout ${kind} lab-us-central1-a-x1`,
    );
}
