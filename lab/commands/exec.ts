import { Command } from 'commander';
import { labFolder } from '../lab-file.ts';
import { execIn } from '../machines/exec.ts';
import { findMachine } from '../machines/find.ts';

/** `pnpm lab exec <machine> -- <command>`, by habit also `pnpm lab ssh`. Exit code: that of the command. */
export function execCommand(name: 'exec' | 'ssh'): Command {
  return new Command(name)
    .description('Run a command, or without one a shell, in a machine as root.')
    .argument('<machine>', 'name, zone/name or id')
    .argument('[command...]', 'program and arguments, after --')
    .passThroughOptions()
    .addHelpText('after', '\nExample: sudo pnpm lab exec lab-us-central1-a-0001 -- systemctl --failed')
    .action(async (machine: string, [first, ...rest]: readonly string[]) => {
      const record = await findMachine(labFolder(), machine);
      const words = first === undefined || first === '--' ? rest : [first, ...rest];
      process.exitCode = await execIn(record, words.length > 0 ? words : ['bash', '--login']);
    });
}
