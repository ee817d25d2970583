/** `pnpm lab <command>`: argv → command, one place where errors are worded. Commands are loaded when they are called. */
import { Command, CommanderError } from 'commander';
import { EXIT, exitCodeOf, wordError } from '../lib/errors.ts';
import { guardOutput } from '../lib/output.ts';

type Entry = { readonly name: string; readonly does: string; readonly load: () => Promise<Command> };

/** One line for each command; `load` gives the whole command, whose name is the same. */
const COMMANDS: readonly Entry[] = [
  { name: 'up', does: 'start the lab', load: async () => (await import('./commands/up.ts')).upCommand() },
  {
    name: 'calls',
    does: 'put live calls with real RTP on relays and count every packet',
    load: async () => (await import('./calls/command.ts')).callsCommand(),
  },
  {
    name: 'down',
    does: 'stop it and remove every trace',
    load: async () => (await import('./commands/down.ts')).downCommand(),
  },
  {
    name: 'apply',
    does: 'make what the Pulumi program describes',
    load: async () => (await import('./commands/apply.ts')).applyCommand(),
  },
  {
    name: 'status',
    does: 'show endpoint, network and machines',
    load: async () => (await import('./commands/status.ts')).statusCommand(),
  },
  {
    name: 'env',
    does: 'print the variables that point clients and gcloud at the lab',
    load: async () => (await import('./commands/env.ts')).envCommand(),
  },
  {
    name: 'logs',
    does: 'print the log of the daemon',
    load: async () => (await import('./commands/logs.ts')).logsCommand(),
  },
  {
    name: 'console',
    does: 'print the serial port of a machine',
    load: async () => (await import('./commands/console.ts')).consoleCommand(),
  },
  {
    name: 'exec',
    does: 'run a command, or a shell, in a machine',
    load: async () => (await import('./commands/exec.ts')).execCommand('exec'),
  },
  {
    name: 'ssh',
    does: 'the same as exec',
    load: async () => (await import('./commands/exec.ts')).execCommand('ssh'),
  },
];

const NOTE = `
The lab lives in .lab of the current directory, or in the folder that RTPFLEET_LAB names.
Example: sudo pnpm lab up && eval "$(pnpm --silent lab env)"`;

/** Exit code of one call. Only the command that is called is loaded, so that help is quick. */
export async function main(argv: readonly string[]): Promise<number> {
  const args = argv[0] === '--' ? argv.slice(1) : argv;
  try {
    await (await programFor(args)).parseAsync(args, { from: 'user' });
    return Number(process.exitCode ?? EXIT.done);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    process.stderr.write(`${wordError(error)}\n`);
    return exitCodeOf(error);
  }
}

async function programFor(args: readonly string[]): Promise<Command> {
  const called = args.find((word) => !word.startsWith('-') && word !== 'help');
  const program = new Command('lab')
    .description('A Compute Engine on this machine: real images, real machines, no account.')
    .addHelpText('after', NOTE)
    .enablePositionalOptions()
    .exitOverride();
  for (const { name, does, load } of COMMANDS)
    program.addCommand(name === called ? withOverride(await load()) : new Command(name).description(does));
  return program;
}

function withOverride(command: Command): Command {
  return command.exitOverride();
}

guardOutput();
process.exitCode = await main(process.argv.slice(2));
