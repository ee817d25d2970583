/** Relays that are made by name, and the rules of their floating addresses. */
import { METADATA } from '../../configs/naming.ts';
import type { Json } from '../../infra/evaluate/protocol.ts';
import { preservedMetadata } from '../../infra/seat-guard.ts';
import { differences } from './difference.ts';
import { type Ensured, ensure } from './ensure.ts';
import { managedInstances, type Wait, waitUntilStable } from './group.ts';
import { computePath, type Rest } from './rest.ts';
import { forwardingRuleBody } from './translate.ts';

/** The config that is kept for one relay of a group; undefined: there is none. */
export async function seatOf(rest: Rest, inputs: Json): Promise<Json | undefined> {
  const path = groupPath(rest, inputs);
  if ((await rest.get(path)) === undefined) return undefined;
  const { items = [] } = await rest.send('POST', `${path}/listPerInstanceConfigs`);
  return (items as readonly Json[]).find(({ name }) => name === inputs.name);
}

/**
 * A config makes the relay of its name. A change of what is kept is written to the config, and the relay has it from its next re-creation on;
 * keys that the program does not know, as a rollout's, stay.
 */
export async function ensureSeat(rest: Rest, inputs: Json, wait: Wait): Promise<Ensured> {
  const path = groupPath(rest, inputs);
  const what = `relay ${inputs.name}`;
  const config = { name: inputs.name, preservedState: inputs.preservedState };
  const present = await seatOf(rest, inputs);
  if (present === undefined) {
    await rest.mutate('POST', `${path}/createInstances`, { instances: [config] });
    await waitUntilStable(rest, path, wait);
    return { change: { kind: 'created' }, what, resource: config };
  }
  const fields = differences(
    preservedMetadata(inputs.preservedState),
    preservedMetadata(present.preservedState),
  );
  if (fields.length === 0) return { change: { kind: 'unchanged' }, what, resource: config };
  await rest.mutate('POST', `${path}/patchPerInstanceConfigs`, { perInstanceConfigs: [config] });
  return { change: { kind: 'changed', fields }, what, resource: config };
}

/** Relays of a group that were not made by name; undefined: there is no such group. */
export async function unnamedRelays(rest: Rest, inputs: Json): Promise<number | undefined> {
  const path = groupPath(rest, { ...inputs, instanceGroupManager: inputs.name });
  if ((await rest.get(path)) === undefined) return undefined;
  const { items = [] } = await rest.send('POST', `${path}/listPerInstanceConfigs`);
  const named = (items as readonly Json[]).filter(({ preservedState }) => isSeat(preservedState));
  return (await managedInstances(rest, path)).length - named.length;
}

function isSeat(preservedState: unknown): boolean {
  return METADATA.home in preservedMetadata(preservedState);
}

/** Where the address is now, is a rollout's business: of a rule that is there the target stays, as Pulumi leaves it (`ignoreChanges`). */
export async function ensureForwardingRule(rest: Rest, inputs: Json): Promise<Ensured> {
  const scope = `regions/${inputs.region}`;
  const present = await rest.get(computePath(rest.project, `${scope}/forwardingRules/${inputs.name}`));
  const body = forwardingRuleBody(inputs as never);
  const wanted = present === undefined ? body : { ...body, target: present.target };
  return ensure(rest, { scope, collection: 'forwardingRules', body: wanted, mutable: [] });
}

function groupPath(rest: Rest, { zone, instanceGroupManager }: Json): string {
  return computePath(rest.project, `zones/${zone}/instanceGroupManagers/${instanceGroupManager}`);
}
