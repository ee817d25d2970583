/** What the command lines of several commands share. */
import { type Command, InvalidArgumentError } from 'commander';

export function withFleet(command: Command): Command {
  return command
    .option('--fleet <file>', 'fleet file (env RTPFLEET_FLEET; default configs/fleets/lab.yaml)')
    .option(
      '--endpoint <url>',
      'GCE endpoint instead of Google (env RTPFLEET_ENDPOINT; `lab env` prints a lab’s)',
    );
}

export function whole(least: number): (text: string) => number {
  return (text) => {
    if (/^\d{1,9}$/.test(text) && Number(text) >= least) return Number(text);
    throw new InvalidArgumentError(`It must be a whole number, ${least} or more.`);
  };
}

export function number(least: number): (text: string) => number {
  return (text) => {
    if (/^\d{1,6}(\.\d+)?$/.test(text) && Number(text) >= least) return Number(text);
    throw new InvalidArgumentError(`It must be a number, ${least} or more.`);
  };
}

/** Exit codes under a command's help; 1 is a defect everywhere, 2 wrong usage or configuration. */
export function exits(command: Command, codes: string): Command {
  return command.addHelpText('after', `\nExit codes: ${codes}; 1 defect, 2 wrong usage or configuration.`);
}

/** Examples under a command's help. */
export function example(command: Command, ...lines: readonly string[]): Command {
  return command.addHelpText('after', `\nExample:\n${lines.map((line) => `  ${line}`).join('\n')}`);
}
