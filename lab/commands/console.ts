import { Command } from 'commander';
import { labFolder } from '../lab-file.ts';
import { findMachine } from '../machines/find.ts';
import { machinePaths } from '../machines/record.ts';
import { printFile } from './print-file.ts';

/** `pnpm lab console <machine>`: what the serial port printed, over all its boots. */
export function consoleCommand(): Command {
  return new Command('console')
    .description('Print the serial port of a machine.')
    .argument('<machine>', 'name, zone/name or id')
    .option('-f, --follow', 'go on with what comes')
    .addHelpText('after', '\nExample: pnpm lab console lab-us-central1-a-0001 --follow')
    .action(async (machine: string, { follow }: { readonly follow?: boolean }) => {
      const folder = labFolder();
      const { spec } = await findMachine(folder, machine);
      await printFile(machinePaths(folder, spec.id).serial, follow === true);
    });
}
