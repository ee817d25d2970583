import { Command } from 'commander';
import { clientVariables } from '../client-variables.ts';
import { labFolder, readLab } from '../lab-file.ts';

/** `pnpm lab env`: for `eval`, so it prints nothing but export lines. */
export function envCommand(): Command {
  return new Command('env')
    .description('Print the variables that point rtpfleet, Google’s clients and gcloud at the lab.')
    .addHelpText('after', '\nExample: eval "$(pnpm --silent lab env)" && gcloud compute instances list')
    .action(async () => {
      const variables = Object.entries(clientVariables(await readLab(labFolder())));
      process.stdout.write(variables.map(([name, value]) => `export ${name}='${value}'\n`).join(''));
    });
}
