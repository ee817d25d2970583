import { Command } from 'commander';
import { labFolder } from '../lab-file.ts';
import { type LabStatus, labStatus } from '../status.ts';

/** `pnpm lab status`: works also when the daemon does not run. */
export function statusCommand(): Command {
  return new Command('status')
    .description('Show endpoint, network and machines of the lab.')
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExample: pnpm --silent lab status --json')
    .action(async ({ json }: { readonly json?: boolean }) => {
      const status = await labStatus(labFolder());
      process.stdout.write(json === true ? `${JSON.stringify(status, null, 2)}\n` : wordStatus(status));
    });
}

function wordStatus({ folder, state, lab, machines }: LabStatus): string {
  if (lab === undefined) return `There is no lab in ${folder}. Start one with \`pnpm lab up\`.\n`;
  const head =
    state === 'up'
      ? `The lab in ${folder} is up: ${lab.endpoint}, project ${lab.project}.`
      : `The daemon of the lab in ${folder} does not run; \`pnpm lab up\` resumes it.`;
  const network = `  network ${lab.range} on ${lab.id}; this host is ${lab.gateway}`;
  const rows = machines.map(
    ({ name, zone, address, state: own, id, imageId }) =>
      `  ${name.padEnd(28)} ${zone.padEnd(16)} ${address.padEnd(15)} ${own.padEnd(8)} id ${id}, image ${imageId}`,
  );
  return `${[head, network, ...(rows.length > 0 ? rows : ['  no machines'])].join('\n')}\n`;
}
