/** Command lines of what a person does with one relay. */
import process from 'node:process';
import type { Command } from 'commander';
import { example, exits, withFleet } from './options.ts';

export function addHands(program: Command): void {
  addDrain(program);
  addWishes(program);
  addLeaves(program);
  addForce(program);
  for (const kind of ['cordon', 'uncordon'] as const) {
    const command = example(
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
    exits(command, '0 done, 3 refused: it does not answer, or is the last that takes calls');
  }
}

function addDrain(program: Command): void {
  const command = withFleet(program.command('drain'))
    .argument('<relay>', 'name of the relay')
    .description(
      'cordon one relay and wait until it has no call left; nothing is replaced, it stays cordoned',
    )
    .action(async (relay: string, options) => {
      process.exitCode = await (await import('../commands/drain.ts')).drain(relay, options);
    });
  example(command, 'rollout drain lab-us-central1-a-x1');
  exits(command, '0 it is empty, 3 it is not in time, or was taken back, 130 interrupted: it stays cordoned');
}

function addWishes(program: Command): void {
  const say = {
    pause: 'tell the run that is on to begin nothing new; drains in hand go on',
    resume: 'tell the run that is on to go on after a pause',
    abort: 'tell the run that is on to end after what is in hand',
  } as const;
  for (const kind of ['pause', 'resume', 'abort'] as const) {
    const command = withFleet(program.command(kind)).description(say[kind]);
    if (kind === 'abort')
      command.option('--uncordon', 'relays that it drains take calls again first, as they did before', false);
    command.action(async (options) => {
      process.exitCode = await (await import('../commands/wish.ts')).tellRun(kind, options);
    });
    example(command, kind === 'abort' ? 'rollout abort --uncordon' : `rollout ${kind}`);
    exits(command, '0 the run was told, now or before, 2 also: none is on');
  }
}

function addForce(program: Command): void {
  const command = withFleet(program.command('force'))
    .argument('<relay>', 'name of the relay')
    .description(
      'list the calls of a draining relay and, once you say yes, have it replaced with them: these calls are cut',
    )
    .option('--yes', 'do not ask', false)
    .option('--undo', 'take it back, as long as it is not replaced', false)
    .action(async (relay: string, options) => {
      process.exitCode = await (await import('../commands/force.ts')).force(relay, options);
    });
  example(command, 'rollout force lab-us-central1-a-x1', 'rollout force lab-us-central1-a-x1 --undo');
  exits(command, '0 it is written on the VM, 2 also: not confirmed, 3 this relay cannot be forced');
}

function addLeaves(program: Command): void {
  const say = {
    hold: 'rollouts leave this relay alone, and end as held while it is on an old image',
    skip: 'rollouts leave this relay alone, and end well without it',
    unhold: 'rollouts roll this relay like any other again',
  } as const;
  for (const kind of ['hold', 'skip', 'unhold'] as const) {
    const command = withFleet(program.command(kind))
      .argument('<relay>', 'name of the relay')
      .description(`${say[kind]}; a run that is on sees it within 10 s`);
    if (kind !== 'unhold') command.option('--because <words>', 'why, for those who look');
    command.action(async (relay: string, options) => {
      process.exitCode = await (await import('../commands/leave.ts')).leave(kind, relay, options);
    });
    const why = kind === 'unhold' ? '' : ' --because "a trunk is tested on it"';
    example(command, `rollout ${kind} lab-us-central1-a-x1${why}`);
    exits(command, '0 it is written on the VM, 3 it has none');
  }
}
