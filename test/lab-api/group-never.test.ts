import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addGroup,
  addImage,
  addTemplate,
  groupOf,
  instanceOf,
  membersOf,
  openTestLab,
  PROJECT,
  stable,
  type TestLab,
  ZONE,
} from '../support/lab-server.ts';

const at = { project: PROJECT, zone: ZONE, instanceGroupManager: 'g' };

type Step =
  | { readonly kind: 'point'; readonly template: string }
  | { readonly kind: 'apply' | 'recreate' | 'crash' | 'deleteVm' | 'deleteInstance'; readonly pick: number }
  | { readonly kind: 'resize'; readonly size: number }
  | { readonly kind: 'settle' };

const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('point' as const), template: fc.constantFrom('t1', 't2') }),
  fc.record({
    kind: fc.constantFrom(
      'apply' as const,
      'recreate' as const,
      'crash' as const,
      'deleteVm' as const,
      'deleteInstance' as const,
    ),
    pick: fc.nat(3),
  }),
  fc.record({ kind: fc.constant('resize' as const), size: fc.integer({ min: 1, max: 4 }) }),
  fc.constant({ kind: 'settle' as const }),
);

/** Does a step; a refusal (nobody of that name any more) is an answer like any other. */
async function take(lab: TestLab, step: Step): Promise<void> {
  if (step.kind === 'settle') return stable(lab, 'g');
  const igm = lab.api.instanceGroupManagers;
  const { kind } = step;
  if (kind === 'point')
    return void (await igm.patch({
      ...at,
      requestBody: { instanceTemplate: `global/instanceTemplates/${step.template}` },
    }));
  if (kind === 'resize') return void (await igm.resize({ ...at, size: step.size }));
  const members = await membersOf(lab, 'g');
  const name = members[step.pick % Math.max(1, members.length)]?.name ?? 'nobody';
  const instances = [`zones/${ZONE}/instances/${name}`];
  if (kind === 'crash') return lab.machines.crash(name);
  const call = {
    apply: () => igm.applyUpdatesToInstances({ ...at, requestBody: { instances, minimalAction: 'REPLACE' } }),
    recreate: () => igm.recreateInstances({ ...at, requestBody: { instances } }),
    deleteInstance: () => igm.deleteInstances({ ...at, requestBody: { instances } }),
    deleteVm: () => lab.api.instances.delete({ project: PROJECT, zone: ZONE, instance: name }),
  }[kind];
  await call().catch(() => undefined);
}

describe('a stateful group, whatever is done to it', { timeout: 120_000 }, () => {
  it('never has two machines of one name or address, keeps addresses, and ends as large as it should be', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { minLength: 1, maxLength: 12 }), async (story) => {
        const lab = await openTestLab();
        await addImage(lab, 'relay-1');
        await addTemplate(lab, 't1');
        await addTemplate(lab, 't2', { canIpForward: true });
        await addGroup(lab, 'g', 2);
        for (const step of story) await take(lab, step);
        await stable(lab, 'g');
        expect(lab.machines.violations).toEqual([]);
        const members = await membersOf(lab, 'g');
        const group = await groupOf(lab, 'g');
        expect(members).toHaveLength(group.targetSize ?? -1);
        for (const { name, preservedStateFromPolicy } of members) {
          const { networkInterfaces, status } = await instanceOf(lab, name ?? '');
          expect(status).toBe('RUNNING');
          expect(preservedStateFromPolicy?.internalIPs?.nic0?.ipAddress?.literal).toBe(
            networkInterfaces?.[0]?.networkIP,
          );
        }
        // Who is deleted for good may be born again under an old name: only then is there another address.
        const deleted = story.some(({ kind }) => kind === 'resize' || kind === 'deleteInstance');
        const most = Math.max(...[...lab.machines.addressesOf.values()].map(({ size }) => size));
        if (!deleted) expect(most).toBe(1);
        await lab.server.close();
      }),
      { numRuns: 15 },
    );
  });
});
