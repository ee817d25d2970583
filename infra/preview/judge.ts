/** Which changes Pulumi would refuse because of the calls, and which would end some. Pure. */

import { METADATA } from '../../configs/naming.ts';
import { fewerRelays, isGuarded, renamesRelays, wouldDelete, wouldRename } from '../fewer.ts';
import { keepsCalls, lostToChange, wouldLose } from '../seat-guard.ts';
import type { Change } from './compare.ts';
import { cloudName, idOf, kindOf, type Resource } from './resource.ts';

/** What Pulumi will not do although the program asks for it: it takes away, makes anew, shrinks or confuses what is protected. */
export function refusals(changes: readonly Change[], before: readonly Resource[]): readonly string[] {
  const guarded = new Set(before.filter(({ protect }) => protect).map(idOf));
  const all = changes.flatMap((change) => {
    if (guarded.has(idOf(change.resource)) && isLoss(change))
      return [`${cloudName(change.resource)} is protected and would be ${change.kind}`];
    return hasHook(change.resource) ? endings(change) : [];
  });
  // A relay and the rule of its floating address have one name.
  return [...new Set(all)];
}

/** What Pulumi would do, and what would end calls. */
export function dangers(changes: readonly Change[], before: readonly Resource[]): readonly string[] {
  const guarded = new Set(before.filter(({ protect }) => protect).map(idOf));
  return changes.flatMap((change) => {
    const { resource, kind } = change;
    if (!holdsCalls(resource) || (guarded.has(idOf(resource)) && isLoss(change))) return [];
    if (isLoss(change)) return [`${cloudName(resource)} would be ${kind}, with ${whatGoes(resource)}`];
    return hasHook(resource) ? [] : endings(change);
  });
}

const isLoss = ({ kind }: Change): boolean => kind === 'removed' || kind === 'replaced';

const isGroup = ({ type }: Resource): boolean => kindOf(type).endsWith('nstanceGroupManager');

const HOLDING = ['compute/perInstanceConfig', 'compute/forwardingRule'];

const holdsCalls = (resource: Resource): boolean =>
  isGroup(resource) || HOLDING.includes(kindOf(resource.type));

function whatGoes(resource: Resource): string {
  if (isGroup(resource)) return 'all its relays and their calls';
  return kindOf(resource.type) === 'compute/forwardingRule' ? 'the calls at its address' : 'its calls';
}

function hasHook({ beforeUpdate }: Resource): boolean {
  return isGuarded(beforeUpdate) || keepsCalls(beforeUpdate);
}

/** How a change in place ends calls. */
function endings(change: Change): readonly string[] {
  if (change.kind !== 'changed') return [];
  return isGroup(change.resource) ? ofGroup(change) : ofRelay(change);
}

/** A group that shrinks picks the relays that it deletes by itself. */
function ofGroup({ resource, inputs }: Change): readonly string[] {
  const size = inputs.find(({ path }) => path === 'targetSize');
  if (size === undefined) return [];
  if (renamesRelays(size.from, size.to)) return [wouldRename(cloudName(resource))];
  return fewerRelays(size.from, size.to) > 0
    ? [wouldDelete(cloudName(resource), fewerRelays(size.from, size.to))]
    : [];
}

function ofRelay({ resource, inputs }: Change): readonly string[] {
  const at = (key: string) => inputs.find(({ path }) => path === `preservedState.metadata.${key}`);
  const keys = [METADATA.database, METADATA.home];
  const metadataOf = (side: 'from' | 'to') => ({
    metadata: Object.fromEntries(keys.map((key) => [key, at(key)?.[side]])),
  });
  const lost = lostToChange(metadataOf('from'), metadataOf('to'));
  return lost === undefined ? [] : [wouldLose(cloudName(resource), lost)];
}
