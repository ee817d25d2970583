/**
 * What a relay with a floating address must keep while it lives: its address and the database with its calls. Databases are counted from the
 * fleet file (configs/floating.ts), so another order of zones, or another zone in a fleet of several relays each, gives a relay the database
 * in which another one has its calls; a starting RTPEngine takes every call of its database for its own. Pure, but for the hook.
 */
import * as pulumi from '@pulumi/pulumi';
import { METADATA } from '../configs/naming.ts';
import { FleetError, wordError } from '../lib/errors.ts';
import { isRecord } from '../lib/record.ts';

/** How the hooks' names end that refuse it. */
export const KEEPS_ITS_CALLS = 'keeps-its-calls';

/** Whether one of these hooks, by their names, guards a relay's calls. */
export function keepsCalls(hooks: readonly string[] = []): boolean {
  return hooks.some((hook) => hook.endsWith(KEEPS_ITS_CALLS));
}

/** Metadata of a per-instance config: Pulumi's `preservedState`, or GCE's. */
export function preservedMetadata(preservedState: unknown): Readonly<Record<string, unknown>> {
  const metadata = isRecord(preservedState) ? preservedState.metadata : undefined;
  return isRecord(metadata) ? metadata : {};
}

/**
 * What a change would take from a relay: `database 2, with its calls, for 4, which may be another's`. Undefined: nothing; what is not known changes
 * nothing.
 */
export function lostToChange(before: unknown, after: unknown): string | undefined {
  const [old, next] = [preservedMetadata(before), preservedMetadata(after)];
  const [from, to] = [numberOf(old[METADATA.database]), numberOf(next[METADATA.database])];
  if (differ(from, to)) return `database ${from}, with its calls, for ${to}, which may be another's`;
  const [home, other] = [addressOf(old[METADATA.home]), addressOf(next[METADATA.home])];
  return differ(home, other) ? `address ${home}, at which its calls are, for ${other}` : undefined;
}

function differ(from: string | undefined, to: string | undefined): boolean {
  return from !== undefined && to !== undefined && from !== to;
}

function numberOf(value: unknown): string | undefined {
  return typeof value === 'string' && /^\d+$/.test(value) ? value : undefined;
}

function addressOf(value: unknown): string | undefined {
  return typeof value === 'string' && /^[\d.]+$/.test(value) ? value : undefined;
}

/** A sentence without its end. */
export function wouldLose(relay: string, lost: string): string {
  return `${relay} would give up ${lost}`;
}

export function refuseLoss(relay: string, lost: string): FleetError {
  return new FleetError({
    kind: 'hold',
    code: 'relay-database',
    message: `${wouldLose(relay, lost)}.`,
    hint: 'Leave cloud.zones in their order and redis.database as it is; relays.perZone may grow, and so may the zones of a fleet of one relay in each, at the end. Anything else is a fleet of its own, under another name.',
  });
}

/** Asked by Pulumi's engine before it changes a relay's config, in a preview too; an error ends the update before anything hears of it. */
export function keepsItsCalls(name: string, relay: string): pulumi.ResourceHook {
  return new pulumi.ResourceHook(
    `${name}-${KEEPS_ITS_CALLS}`,
    ({ oldInputs, newInputs }) => {
      const lost = lostToChange(oldInputs?.preservedState, newInputs?.preservedState);
      if (lost !== undefined) throw new Error(wordError(refuseLoss(relay, lost)));
    },
    { onDryRun: true },
  );
}
