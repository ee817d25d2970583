/**
 * `rollout rollback`: the groups want the old template again, then a run like any other: relays that still live on the old
 * image take calls again, those of the new one are drained and replaced. Pulumi owns what groups want, so its pin has to
 * follow, or the next `pulumi up` undoes this.
 */
import process from 'node:process';
import { EXIT, FleetError } from '../../lib/errors.ts';
import { everywhere, namesOf, previousTemplates, type Template } from '../core/rollback.ts';
import type { Journal, ZoneView } from '../ports.ts';
import type { Session } from '../session.ts';
import { settled } from '../settled.ts';
import { type RunOptions, run } from './run.ts';

export type RollbackOptions = Omit<RunOptions, 'drain'> & { readonly to?: string };

/** Exit codes as those of a run; 2: it is not clear what to go back to, and nothing was touched. */
export async function rollback(options: RollbackOptions): Promise<number> {
  // The old image has proven itself.
  const code = await run({ ...options, drain: true, bakeSeconds: 0 }, async (session, journal) =>
    pointBack(session, journal, options.to),
  );
  if (!options.json && code !== EXIT.usage) process.stdout.write(`${PIN}\n`);
  return code;
}

const PIN =
  'Pulumi still wants the other image: put the old pin back in configs/release.json and commit it; until then the next pulumi up undoes this rollback.';

async function pointBack(
  { file, cloud }: Session,
  journal: Journal,
  given: string | undefined,
): Promise<void> {
  const views = await settled(file.cloud.zones.map((zone) => cloud.readZone(zone)));
  const before = previousOf(views, await cloud.templates(), given);
  for (const { target } of views) {
    const to = before.get(target.zone);
    if (to === undefined || target.template === to) continue;
    await cloud.setTarget(target.zone, to);
    journal.write({ kind: 'target-set', zone: target.zone, from: target.template, to });
  }
}

/** By zone. `given`: a person has named it. */
function previousOf(
  views: readonly ZoneView[],
  templates: readonly Template[],
  given: string | undefined,
): ReadonlyMap<string, string> {
  const seen = { targets: views.map(({ target }) => target), relays: views.flatMap((view) => view.relays) };
  if (given !== undefined && !templates.some(({ name }) => name === given))
    throw unclear(`there is no template ${given}`, namesOf(seen));
  const previous =
    given === undefined ? previousTemplates(seen, templates) : everywhere(seen, templates, given);
  if (previous.kind === 'found') return previous.targets;
  throw unclear(previous.because, previous.templates);
}

function unclear(because: string, known: readonly string[]): FleetError {
  return new FleetError({
    kind: 'usage',
    code: 'no-previous',
    message: `What to go back to is not clear: ${because}`,
    hint: `Name a template: rollout rollback --to NAME. The fleet knows ${known.join(', ')}.`,
  });
}
