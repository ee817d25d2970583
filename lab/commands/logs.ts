import { join } from 'node:path';
import { Command } from 'commander';
import { labFolder, recordedLab } from '../lab-file.ts';
import { labDown } from '../machines/find.ts';
import { printFile } from './print-file.ts';

/** `pnpm lab logs` */
export function logsCommand(): Command {
  return new Command('logs')
    .description('Print the log of the daemon.')
    .option('-f, --follow', 'go on with what comes')
    .addHelpText('after', '\nExample: pnpm lab logs --follow')
    .action(async ({ follow }: { readonly follow?: boolean }) => {
      const folder = labFolder();
      if ((await recordedLab(folder)) === undefined) throw labDown(folder);
      await printFile(join(folder, 'daemon.log'), follow === true);
    });
}
