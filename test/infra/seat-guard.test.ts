/** What Pulumi's engine is told when it asks whether what is kept for a relay may be changed. */
import type * as pulumi from '@pulumi/pulumi';
import { beforeAll, expect, test } from 'vitest';
import { evaluateHere } from '../../infra/evaluate/here.ts';
import { UNKNOWN } from '../../infra/evaluate/protocol.ts';
import { keepsItsCalls, lostToChange } from '../../infra/seat-guard.ts';

let hook: pulumi.ResourceHook;
beforeAll(async () => {
  const program = () => {
    hook = keepsItsCalls('demo-a-0', 'demo-us-central1-a-0');
    return {};
  };
  const handlers = { resource: async () => ({ state: {} }), call: async () => ({}) };
  await evaluateHere({ program, stack: 'test', config: {}, preview: true, handlers });
});

const kept = (database: unknown, home: unknown = '10.0.0.5') => ({
  preservedState: { metadata: { 'rtpfleet-database': database, 'rtpfleet-home': home } },
});

async function ask(oldInputs: object, newInputs: object): Promise<void> {
  const resource = { urn: 'urn', id: 'id', name: 'demo-a-0', type: 'gcp:compute/perInstanceConfig' };
  await hook.callback({ ...resource, oldInputs, newInputs });
}

test.each([
  ['database', kept('3'), kept('4'), "database 3, with its calls, for 4, which may be another's"],
  ['address', kept('3'), kept('3', '10.0.0.6'), 'address 10.0.0.5, at which its calls are, for 10.0.0.6'],
])('another %s: no, with what would be given up; in a preview too', async (_, before, after, lost) => {
  await expect(ask(before, after)).rejects.toThrow(
    `demo-us-central1-a-0 would give up ${lost}.\n  Leave cloud.zones`,
  );
  expect(hook.opts).toEqual({ onDryRun: true });
});

test('the same, or another key beside: yes', async () => {
  await ask(kept('3'), kept('3'));
  await ask(kept('3'), { preservedState: { metadata: { ...kept('3').preservedState.metadata, more: 'x' } } });
});

test('what nobody knows changes nothing', () => {
  expect(lostToChange(undefined, kept('3').preservedState)).toBeUndefined();
  expect(lostToChange(kept('3').preservedState, kept('3', UNKNOWN).preservedState)).toBeUndefined();
  expect(lostToChange(kept(UNKNOWN).preservedState, kept('3').preservedState)).toBeUndefined();
});
