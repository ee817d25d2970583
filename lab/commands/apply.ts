import { Command } from 'commander';
import { FleetError } from '../../lib/errors.ts';
import { type ApplyEvent, applyToLab, wordEvent } from '../apply.ts';
import { labFolder, readLab } from '../lab-file.ts';

type Flags = {
  readonly fleet: string;
  readonly image?: string;
  readonly json?: boolean;
  readonly protect?: boolean;
};

/** `pnpm lab apply`: what `pulumi up` does, in the lab and without Pulumi's engine. */
export function applyCommand(): Command {
  return new Command('apply')
    .description('Evaluate the Pulumi program (infra/) and make what it describes in the lab.')
    .option('--fleet <file>', 'fleet file', 'configs/fleets/lab.yaml')
    .option('--image <name>', 'image to run (default: the one that configs/release.json pins)')
    .option('--protect', 'as in production: refuse what would end calls')
    .option('--json', "print the stack's outputs as one JSON object")
    .addHelpText('after', '\nExample: pnpm lab apply --image rtpengine-mr12-5-1-31-debian-13-3fa9c1d2')
    .action(async ({ fleet: fleetFile, image, json, protect = false }: Flags) => {
      const lab = await readLab(labFolder());
      const { signal, release } = interruptible();
      const onEvent = (event: ApplyEvent): void => void process.stderr.write(`${wordEvent(event)}\n`);
      try {
        const { outputs } = await applyToLab({ fleetFile, image, lab, protect, signal, onEvent });
        process.stdout.write(
          json === true ? `${JSON.stringify(outputs, null, 2)}\n` : `${outputs.kamailio}\n`,
        );
      } finally {
        release();
      }
    });
}

/** A signal that Ctrl-C aborts; what was begun in the lab goes on there by itself. */
function interruptible(): { readonly signal: AbortSignal; readonly release: () => void } {
  const abort = new AbortController();
  const onSignal = (): void => abort.abort(interrupted());
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, onSignal);
  const release = (): void => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, onSignal);
  };
  return { signal: abort.signal, release };
}

function interrupted(): FleetError {
  return new FleetError({
    kind: 'interrupted',
    code: 'interrupted',
    message: 'Interrupted: what was begun goes on in the lab.',
    hint: 'Run `pnpm lab apply` again to finish it.',
  });
}
