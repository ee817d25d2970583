/** `rollout`: argv → command. Commands are loaded when they are run, so that help costs nothing. */
import process from 'node:process';
import { Command, CommanderError } from 'commander';
import { EXIT, exitCodeOf, FleetError, isFleetError, wordError } from '../lib/errors.ts';
import { nearest } from '../lib/nearest.ts';
import { endAtOnce, guardOutput, type WhenUnwritable } from '../lib/output.ts';
import { addCompletion } from './cli/completion.ts';
import { addHandover } from './cli/handover.ts';
import { addHands } from './cli/hands.ts';
import { addLooks } from './cli/looks.ts';
import { example, exits, whole, withFleet } from './cli/options.ts';
import { withPolicy } from './cli/policy.ts';

const EXAMPLES = `
Examples:
  rollout plan                          what a rollout would do, in which order
  rollout --drain                       roll the fleet; cuts no call, waits for each to end
  rollout --drain --max-unavailable 2   with two relays away at once
  rollout status --watch                where every relay stands
  rollout sessions                      every call that is up, and why it holds its relay
  rollout verify                        what is wrong between two rollouts, and what to do about it
  rollout pause                         the run that is on begins nothing new; resume, abort
  rollout rollback                      back to the image that relays still run, by the same rules
  rollout report                        the last rollout as report.json and report.html
  rollout cordon lab-us-central1-a-x1   no new calls on one relay; uncordon takes it back

A run that was stopped or killed is taken up by running it again.
Exit codes: 0 done, 1 defect, 2 wrong usage or configuration, 3 halted or held, 4 another rollout is on, 5 aborted,
130 interrupted.`;

export function rolloutProgram(): Command {
  const program = new Command('rollout')
    .description(
      'Rolls a fleet of RTPEngine relays to the image that its groups want, without cutting a call.',
    )
    .addHelpText('after', EXAMPLES)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .enablePositionalOptions();
  addRun(program);
  addRollback(program);
  addPlan(program);
  addLooks(program);
  addHands(program);
  addHandover(program);
  addReport(program);
  addCompletion(program);
  return program;
}

const RUN_EXITS =
  '0 done, 2 also: refused before a relay was touched, 3 halted, held or failed, 4 another rollout is on, 5 aborted, 130 interrupted';

function addRun(program: Command): void {
  const command = withPolicy(withFleet(program.command('run', { isDefault: true })))
    .description(
      'drain and replace every relay that is not on the wanted image (this is the default command)',
    )
    .option(
      '--drain',
      'wait until each relay has no call left; without it a run refuses while calls are up',
      false,
    )
    .option('--journal <file>', 'where the journal goes (default: .rollout/<run>.jsonl)')
    .option('--metrics <where>', 'Prometheus metrics of the run: a file, or host:port to serve them at')
    .option('--json', 'print events as JSON lines', false)
    .action(async (options) => {
      process.exitCode = await (await import('./commands/run.ts')).run(options);
    });
  example(
    command,
    'rollout --drain',
    'rollout --drain --max-unavailable 10% --reserve zone --bake-seconds 600',
    'rollout --drain --json --metrics 127.0.0.1:9464 > events.jsonl',
  );
  exits(command, RUN_EXITS);
}

function addRollback(program: Command): void {
  const command = withPolicy(withFleet(program.command('rollback')))
    .description(
      'point the groups back at the template that relays still run; relays of the new image are drained and replaced in turn',
    )
    .option('--to <template>', 'instance template to go back to, where the fleet does not tell')
    .option('--journal <file>', 'where the journal goes (default: .rollout/<run>.jsonl)')
    .option('--metrics <where>', 'Prometheus metrics of the run: a file, or host:port to serve them at')
    .option('--json', 'print events as JSON lines', false)
    .action(async (options) => {
      process.exitCode = await (await import('./commands/rollback.ts')).rollback(options);
    });
  example(
    command,
    'rollout rollback',
    'rollout rollback --to prod-rtpengine-mr10-5-3-5-debian-12-3fa9c1d2-x1',
  );
  exits(command, RUN_EXITS);
}

function addPlan(program: Command): void {
  const command = withPolicy(withFleet(program.command('plan')))
    .description('show what a rollout would do now; changes nothing')
    .option(
      '--call-seconds <s>',
      'assume that calls end within this (default: what the ages of those that are up foretell)',
      whole(1),
    )
    .option(
      '--boot-seconds <s>',
      'assume that a relay is back after so long (default: 60, or what it may take)',
      whole(1),
    )
    .option('--json', 'print JSON', false)
    .action(async (options) => {
      process.exitCode = await (await import('./commands/plan.ts')).showPlan(options);
    });
  example(command, 'rollout plan', 'rollout plan --max-unavailable 3 --reserve relay --call-seconds 1800');
  exits(command, '0 such a rollout ends well, 3 it would be refused, held or halted');
}

function addReport(program: Command): void {
  const command = withFleet(program.command('report'))
    .argument(
      '[journals...]',
      'journals of one rollout, in the order of time (default: the last one in .rollout)',
    )
    .description('make report.json and report.html of a rollout')
    .option('--calls <file>', 'what callers told meanwhile, as JSON lines')
    .option('--out <folder>', 'where they go', '.')
    .option('--shared', 'read the journals from the fleet’s Redis instead of files', false)
    .action(async (journals: readonly string[], options) => {
      process.exitCode = await (await import('./commands/report.ts')).report(journals, options);
    });
  example(command, 'rollout report', 'rollout report --shared --out /srv/reports');
  exits(command, '0 all is as it should be, 3 something is not: it is printed');
}

/** With a default command a mistyped one would be taken for its argument. */
function checkCommand(word: string | undefined, program: Command): void {
  if (word === undefined || word.startsWith('-') || word === 'help') return;
  const names = program.commands.map((command) => command.name());
  if (names.includes(word)) return;
  const near = nearest(word, names);
  throw new FleetError({
    kind: 'usage',
    code: 'unknown-command',
    message: `there is no command ${JSON.stringify(word)}`,
    hint: near === undefined ? `Commands: ${names.join(', ')}.` : `Did you mean ${near}?`,
  });
}

/** Without anybody to read it, a run is told by its journal and goes on; a look has nobody left to look. */
function whenUnwritable(args: readonly string[]): WhenUnwritable {
  const [word = ''] = args;
  const isHelp = args.some((arg) => ['--help', '-h'].includes(arg));
  const works = !isHelp && (word.startsWith('-') || ['', 'run', 'rollback', 'drain'].includes(word));
  return works ? (failure) => failure && tellOnce(failure) : endAtOnce;
}

let isTold = false;

function tellOnce({ message }: FleetError): void {
  if (!isTold) process.stderr.write(`rollout: ${message}; the run goes on\n`);
  isTold = true;
}

/** Runs one command line; words whatever goes wrong, once. A literal `--` in front is what `pnpm x -- …` leaves. */
export async function main(argv: readonly string[]): Promise<void> {
  const args = argv[0] === '--' ? argv.slice(1) : argv;
  guardOutput(whenUnwritable(args));
  try {
    const program = rolloutProgram();
    checkCommand(args[0], program);
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return;
      process.exitCode = EXIT.usage;
      process.stderr.write(`rollout: ${error.message.replace(/^error: /, '')}\n  Try rollout --help.\n`);
      return;
    }
    process.exitCode = exitCodeOf(error);
    process.stderr.write(`rollout: ${wordError(error)}\n`);
    if (!isFleetError(error)) process.exit();
  }
}

if (import.meta.main) await main(process.argv.slice(2));
