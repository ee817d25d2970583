/** `pnpm infra:prune`: deletes instance templates that no group wants and no relay has, but for the newest. */
import { Command, InvalidArgumentError } from 'commander';
import type { Fleet } from '../configs/fleet.ts';
import { loadFleet } from '../configs/load.ts';
import { groupName, LABEL } from '../configs/naming.ts';
import { isFleetError } from '../lib/errors.ts';
import { connectGce, type Gce } from '../lib/gce.ts';
import { runProgram, withoutDashes } from '../lib/program.ts';
import { type Choice, chooseTemplates } from './prune/choose.ts';

type Flags = { readonly fleet: string; readonly keep: number; readonly yes: boolean };

const EXAMPLES = `
Examples:
  pnpm infra:prune --fleet configs/fleets/prod.yaml          what would go
  pnpm infra:prune --fleet configs/fleets/prod.yaml --yes    deletes it

A template that a group wants, or that any relay still runs, is never deleted; Google refuses that too.
Exit codes: 0 done, 1 defect, 2 wrong usage or configuration, 3 halted.`;

function program(): Command {
  return new Command('infra:prune')
    .description('Deletes instance templates of a fleet that nobody uses.')
    .option('--fleet <file>', 'fleet file', process.env.RTPFLEET_FLEET || 'configs/fleets/lab.yaml')
    .option('--keep <n>', 'so many unused ones stay, the newest', wholeNumber, 3)
    .option('--yes', 'delete; without it the command only tells', false)
    .addHelpText('after', EXAMPLES)
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .action(async ({ fleet: file, keep, yes }: Flags) => {
      const fleet = loadFleet(file);
      const endpoint = process.env.RTPFLEET_ENDPOINT || undefined;
      const gce = await connectGce({ project: fleet.cloud.project, endpoint });
      try {
        const choice = await choose(gce, fleet, keep);
        for (const line of wordChoice(choice, yes)) process.stdout.write(`${line}\n`);
        if (yes) await remove(gce, choice.unused);
      } finally {
        await gce.close();
      }
    });
}

function wholeNumber(text: string): number {
  // At least one: the newest may be what `pulumi up` has just made, and points its groups at next.
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It is a number of templates, 1 or more.');
}

/** Groups are read after the templates: one that is made meanwhile is not in the list, and so stays. */
async function choose(gce: Gce, fleet: Readonly<Fleet>, keep: number): Promise<Choice> {
  const found = await gce.call('instanceTemplates', 'list', {});
  const templates = found.map(({ name, properties, creationTimestamp }) => ({
    name: name ?? '',
    fleet: properties?.labels?.[LABEL.fleet],
    createdAt: Date.parse(creationTimestamp ?? '') || 0,
  }));
  const zones = await Promise.all(fleet.cloud.zones.map((zone) => usedIn(gce, fleet.name, zone)));
  return chooseTemplates(templates, { fleet: fleet.name, inUse: new Set(zones.flat()), keep });
}

/** Every template that the group of a zone wants, or that one of its relays has or is about to have. No group: none. */
async function usedIn(gce: Gce, fleet: string, zone: string): Promise<readonly string[]> {
  const group = { zone, instanceGroupManager: groupName(fleet, zone) };
  try {
    const [wants, members] = await Promise.all([
      gce.call('instanceGroupManagers', 'get', group),
      gce.call('instanceGroupManagers', 'listManagedInstances', group),
    ]);
    const links = [
      wants.instanceTemplate,
      ...(wants.versions ?? []).map(({ instanceTemplate }) => instanceTemplate),
      ...members.map(({ version }) => version?.instanceTemplate),
    ];
    return links.flatMap((link) => link?.split('/').at(-1) ?? []);
  } catch (error) {
    if (isFleetError(error) && error.code === 'gce-not-found') return [];
    throw error;
  }
}

/** One after the other: the first that fails ends it. One that is gone already is fine. */
async function remove(gce: Gce, names: readonly string[]): Promise<void> {
  for (const instanceTemplate of names) {
    try {
      await gce.done(await gce.call('instanceTemplates', 'delete', { instanceTemplate }));
    } catch (error) {
      if (!isFleetError(error) || error.code !== 'gce-not-found') throw error;
    }
  }
}

function wordChoice({ unused, kept }: Choice, yes: boolean): readonly string[] {
  return [
    ...kept.map(({ name, because }) => `keep    ${name} (${because})`),
    ...unused.map((name) => `delete  ${name}`),
    ...(unused.length === 0 ? ['Nothing to delete.'] : []),
    ...(unused.length > 0 && !yes ? ['Nothing was deleted: say --yes to delete these.'] : []),
  ];
}

await runProgram(program(), withoutDashes(process.argv));
