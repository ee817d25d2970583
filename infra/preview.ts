/** `pnpm infra:preview`: what a stack is made of, whom it lets in, what it costs and whether it keeps the policies; needs no cloud. */
import { resolve } from 'node:path';
import { Command } from 'commander';
import { loadFleet } from '../configs/load.ts';
import { EXIT } from '../lib/errors.ts';
import { runProgram, withoutDashes } from '../lib/program.ts';
import { baseline } from './preview/against.ts';
import { graphOf } from './preview/graph.ts';
import { type Report, reportOf } from './preview/report.ts';
import { checkStack, imageOf, stackConfig } from './preview/stack.ts';
import { lines } from './preview/text.ts';

const EXAMPLES = `
Examples:
  pnpm infra:preview --stack prod                  what \`pulumi up\` would make
  pnpm infra:preview --stack prod --against main   what this branch changes
  pnpm --silent infra:preview --stack prod --json > prod.json
  pnpm infra:preview --stack prod --against prod.json

Needs neither the Pulumi CLI nor an account: the program is evaluated, and what only the cloud knows stays unknown.
Exit codes: 0 every policy kept, 1 defect, 2 wrong usage or configuration, 3 a policy is broken, or the\nchange would be refused or end calls.`;

const ROOT = resolve(import.meta.dirname, '..');

type Flags = {
  readonly stack?: string;
  readonly fleet?: string;
  readonly image?: string;
  readonly against?: string;
  readonly json?: boolean;
};

function program(): Command {
  return new Command('infra:preview')
    .description('Shows what the Pulumi program makes of a stack, without Pulumi’s engine.')
    .option('--stack <name>', 'stack, as in Pulumi.<name>.yaml (default: lab)')
    .option('--fleet <file>', 'fleet file, instead of that of the stack')
    .option('--image <name>', 'image, instead of the one that configs/release.json pins')
    .option('--against <what>', 'compare with a saved preview (a file) or with a commit')
    .option('--json', 'print everything as one JSON object', false)
    .addHelpText('after', EXAMPLES)
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .action(async (flags: Flags) => {
      const report = await preview(flags);
      const width = process.stdout.columns ?? 100;
      const text = flags.json === true ? JSON.stringify(report, null, 2) : lines(report, width).join('\n');
      process.stdout.write(`${text}\n`);
      process.exitCode = isFit(report) ? EXIT.done : EXIT.halted;
    });
}

/** Every policy is kept, and the change, if there is one, is refused by nobody and ends no call. */
function isFit({ policies, against }: Report): boolean {
  const isBroken = policies.some(({ broken }) => broken.length > 0);
  return !isBroken && (against?.refused.length ?? 0) === 0 && (against?.dangers.length ?? 0) === 0;
}

async function preview({ fleet: file, image: wanted, against, ...flags }: Flags): Promise<Report> {
  // The user's own paths are relative to where they are.
  const fleetFile = file === undefined ? undefined : resolve(file);
  const stack = flags.stack ?? (fleetFile === undefined ? 'lab' : loadFleet(fleetFile).name);
  if (fleetFile === undefined) checkStack(stack, ROOT);
  const settings = await stackConfig(stack, ROOT);
  const path = fleetFile ?? resolve(ROOT, settings.fleet ?? `configs/fleets/${stack}.yaml`);
  const { image, because } = imageFor(wanted ?? settings.image, path);
  const inputs = { stack, config: { ...settings, fleet: path, image } };
  const graph = await graphOf(inputs);
  const before = against === undefined ? undefined : await baseline(against, inputs);
  return reportOf(graph, because === undefined ? [] : [because], before);
}

function imageFor(named: string | undefined, fleetFile: string): ReturnType<typeof imageOf> {
  return named === undefined ? imageOf(loadFleet(fleetFile).name) : { image: named };
}

await runProgram(program(), withoutDashes(process.argv));
