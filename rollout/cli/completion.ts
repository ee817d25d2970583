/** `rollout completion SHELL`: a script that completes commands, options and their choices, told from the program itself. */
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { Argument, type Command, type Option } from 'commander';

export function addCompletion(program: Command): void {
  program
    .command('completion')
    .description('print a script that completes this program’s words in bash')
    .addArgument(new Argument('<shell>').choices(['bash']))
    .addHelpText('after', '\nExample:\n  eval "$(pnpm --silent rollout completion bash)"')
    .action(() => void process.stdout.write(scriptOf(wordsOf(program))));
}

/** Words that may follow what was typed, by command; '' = before any. */
type Words = ReadonlyMap<string, readonly string[]>;

/** Pure. */
export function wordsOf(program: Command): Words {
  const { commands } = program;
  const byDefault = commands.find((command) => command.name() === 'run');
  const names = commands.map((command) => command.name());
  const each = commands.map((command) => [command.name(), optionsOf(command)] as const);
  return new Map([['', [...names, ...(byDefault === undefined ? [] : optionsOf(byDefault))]], ...each]);
}

function optionsOf({ options }: Command): readonly string[] {
  return [...options.flatMap(wordOf), '--help'];
}

function wordOf({ long, argChoices }: Option): readonly string[] {
  if (long === undefined || long === null) return [];
  return argChoices === undefined ? [long] : argChoices.map((choice) => `${long}=${choice}`);
}

function scriptOf(words: Words): string {
  const cases = [...words].map(([command, list]) => `'${command}') words='${list.join(' ')}' ;;`);
  const script = readFileSync(new URL('completion.bash', import.meta.url), 'utf8');
  return script.replace('#COMMANDS#', cases.join('\n    '));
}
