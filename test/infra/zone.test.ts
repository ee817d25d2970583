/** What Pulumi's engine is told when it asks whether a group may be changed. */
import type * as pulumi from '@pulumi/pulumi';
import { beforeAll, expect, test } from 'vitest';
import { evaluateHere } from '../../infra/evaluate/here.ts';
import { keepsItsRelays } from '../../infra/zone.ts';

let hook: pulumi.ResourceHook;
beforeAll(async () => {
  const program = () => {
    hook = keepsItsRelays('demo-a', 'demo-us-central1-a');
    return {};
  };
  const handlers = { resource: async () => ({ state: {} }), call: async () => ({}) };
  await evaluateHere({ program, stack: 'test', config: {}, preview: true, handlers });
});

/** A size that the group is not told: relays are made by name, and so many of them are there. */
async function ask(before: number | undefined, after: number | undefined): Promise<void> {
  const resource = { urn: 'urn', id: 'id', name: 'demo-a', type: 'gcp:compute/instanceGroupManager' };
  await hook.callback({
    ...resource,
    oldInputs: { targetSize: before },
    oldOutputs: { targetSize: before ?? 3 },
    newInputs: { targetSize: after },
  });
}

test('fewer relays: no, with how many would go and what to do; in a preview too', async () => {
  await expect(ask(5, 3)).rejects.toThrow(
    /^demo-us-central1-a would delete 2 of its relays, .*\n {2}Drain those that are to go .*delete-instances demo-us-central1-a --instances/,
  );
  expect(hook.opts).toEqual({ onDryRun: true });
});

test('as many, or more: yes', async () => {
  await ask(3, 3);
  await ask(3, 5);
});

test.each([
  ['by their group, and now by the fleet file', 3, undefined],
  ['by the fleet file, and now by their group', undefined, 3],
])('relays that got their names %s: no, as both kinds would stand in one group', async (_, before, after) => {
  await expect(ask(before, after)).rejects.toThrow(
    /^demo-us-central1-a has relays with names of another kind, .*\n {2}Make a fleet of another name/,
  );
});

test('relays by name, as before: yes', async () => {
  await ask(undefined, undefined);
});
