import { Command } from 'commander';
import { FleetError } from '../../lib/errors.ts';
import { cleanUp } from '../cleanup.ts';
import { labFolder } from '../lab-file.ts';

/** `pnpm lab down`: idempotent; also removes what a killed daemon or a start that was cut off left. */
export function downCommand(): Command {
  return new Command('down')
    .description('Stop the lab and remove every trace: machines, images, network, folder.')
    .addHelpText('after', '\nExample: sudo pnpm lab down')
    .action(async () => {
      if (process.getuid?.() !== 0) throw needsRoot();
      const folder = labFolder();
      const found = await cleanUp(folder);
      process.stdout.write(found ? `The lab in ${folder} is removed.\n` : `There was no lab in ${folder}.\n`);
    });
}

function needsRoot(): FleetError {
  return new FleetError({
    kind: 'usage',
    code: 'not-root',
    message: 'Taking the lab down needs root.',
    hint: 'Run it again with sudo.',
  });
}
