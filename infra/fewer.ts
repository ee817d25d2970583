/**
 * Fewer relays: a managed group that is made smaller deletes relays at once, with their calls, and picks them itself
 * (cloud.google.com/compute/docs/instance-groups/working-with-managed-instances, "Resize"). So a protected stack refuses a smaller size, and
 * relays that are to go are drained and deleted by name, after which the group is of that size already. Pure.
 */
import { FleetError } from '../lib/errors.ts';

/** How the hooks' names end that refuse it. */
export const KEEPS_ITS_RELAYS = 'keeps-its-relays';

/** Whether one of these hooks, by their names, is a group's guard. */
export function isGuarded(hooks: readonly string[] = []): boolean {
  return hooks.some((hook) => hook.endsWith(KEEPS_ITS_RELAYS));
}

/** How many relays a group would delete; a size that is not known deletes none. */
export function fewerRelays(before: unknown, after: unknown): number {
  const fewer = Number(before) - Number(after);
  return Number.isNaN(fewer) ? 0 : Math.max(0, fewer);
}

/** A sentence without its end. */
export function wouldDelete(group: string, fewer: number): string {
  return `${group} would delete ${fewer} of its relays, whichever it likes, with their calls`;
}

export function refuseFewer(group: string, fewer: number): FleetError {
  return new FleetError({
    kind: 'hold',
    code: 'fewer-relays',
    message: `${wouldDelete(group, fewer)}.`,
    hint: `Drain those that are to go (\`pnpm rollout drain NAME\`) and delete them by name (\`gcloud compute instance-groups managed delete-instances ${group} --instances NAME\`), then \`pulumi refresh\`. The group may pick only where rtpfleet:protect is false.`,
  });
}

/**
 * Whether relays would get their names in another way: from their group, which is told a size, or from the fleet file, one by one (floating
 * addresses). Those that are there keep theirs, so both kinds would stand in one group.
 * @param before, after the size that the group is told; undefined: none
 */
export function renamesRelays(before: unknown, after: unknown): boolean {
  return (before === undefined) !== (after === undefined);
}

/** A sentence without its end. */
export function wouldRename(group: string): string {
  return `${group} has relays with names of another kind, and would keep them beside those that it is to have`;
}

export function refuseRenaming(group: string): FleetError {
  return new FleetError({
    kind: 'hold',
    code: 'other-names',
    message: `${wouldRename(group)}: with network.floatingAddresses the fleet file names each relay, without them the group does.`,
    hint: 'Make a fleet of another name, let the proxies use it, drain the relays of this one (`pnpm rollout drain NAME`), and take it down.',
  });
}
