import { Command, InvalidArgumentError } from 'commander';
import { labFolder } from '../lab-file.ts';
import { DEFAULT_PROJECT } from '../settings.ts';
import { type StartedLab, startLab } from '../start.ts';

type Flags = { readonly project?: string; readonly port?: number; readonly range?: string };

/** `pnpm lab up`: a friendly no-op when it is up. */
export function upCommand(): Command {
  return new Command('up')
    .description('Start the lab: endpoint, network, metadata server. Returns when the endpoint answers.')
    .option(
      '--project <id>',
      `project that the endpoint answers for (default: ${DEFAULT_PROJECT})`,
      toProject,
    )
    .option('--port <port>', 'port of the endpoint on 127.0.0.1 (default: derived from the folder)', toPort)
    .option(
      '--range <range>',
      "the machines' addresses, 10.x.y.0/24 (default: derived from the folder)",
      toRange,
    )
    .addHelpText('after', '\nExample: sudo pnpm lab up --port 8911')
    .action(async (flags: Flags) => {
      const interrupt = new AbortController();
      const onSignal = (): void => interrupt.abort();
      for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, onSignal);
      const started = await startLab({ folder: labFolder(), ...flags, abort: interrupt.signal });
      process.stdout.write(`${word(started)}\n`);
    });
}

function word({ lab, how }: StartedLab): string {
  const where = `${lab.endpoint}, project ${lab.project}, machines in ${lab.range}`;
  switch (how) {
    case 'started':
      return `The lab is up: ${where}.\n  Point clients at it: eval "$(pnpm --silent lab env)"`;
    case 'resumed':
      return `The lab is up again, with the machines that it had: ${where}.`;
    case 'running':
      return `The lab is up already: ${where}.`;
    default:
      return how satisfies never;
  }
}

function toPort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new InvalidArgumentError('It must be a number from 1 to 65535.');
}

function toRange(text: string): string {
  const parts = /^10\.(\d{1,3})\.(\d{1,3})\.0\/24$/.exec(text)?.slice(1).map(Number);
  if (parts?.every((part) => part <= 255)) return text;
  throw new InvalidArgumentError('It must be like 10.77.12.0/24.');
}

/** Project ids as Google has them: 6 to 30 of a-z, 0-9, hyphen; begins with a letter, ends with none but letter or digit. */
function toProject(text: string): string {
  if (/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/.test(text)) return text;
  throw new InvalidArgumentError('It must have 6 to 30 of a-z, 0-9 and hyphen, and begin with a letter.');
}
