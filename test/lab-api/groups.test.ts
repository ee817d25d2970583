import { describe, expect, it } from 'vitest';
import {
  addGroup,
  addImage,
  addTemplate,
  eventually,
  groupOf,
  instanceOf,
  membersOf,
  openTestLab,
  PROJECT,
  RECREATE,
  refused,
  STATEFUL,
  stable,
  type TestLab,
  type TestLabOptions,
  ZONE,
} from '../support/lab-server.ts';

const at = (instanceGroupManager: string) => ({ project: PROJECT, zone: ZONE, instanceGroupManager });
const link = (name: string) => `zones/${ZONE}/instances/${name}`;

/** Two images, a template of each, and a group `g` of the first. */
async function openWithGroup(
  size: number,
  extra: object = {},
  options: TestLabOptions = {},
): Promise<TestLab> {
  const lab = await openTestLab(options);
  await addImage(lab, 'relay-1');
  await addImage(lab, 'relay-2');
  await addTemplate(lab, 't1', { labels: { version: 'one' } });
  await addTemplate(lab, 't2', { labels: { version: 'two' } }, 'relay-2');
  await addGroup(lab, 'g', size, extra);
  return lab;
}

const point = async (lab: TestLab, template: string) =>
  lab.done(
    (
      await lab.api.instanceGroupManagers.patch({
        ...at('g'),
        requestBody: { instanceTemplate: `global/instanceTemplates/${template}` },
      })
    ).data,
  );

const apply = async (lab: TestLab, names: readonly string[], extra: object = {}) =>
  lab.done(
    (
      await lab.api.instanceGroupManagers.applyUpdatesToInstances({
        ...at('g'),
        requestBody: { instances: names.map(link), minimalAction: 'REPLACE', ...extra },
      })
    ).data,
  );

const facts = async (lab: TestLab, name: string) => {
  const { id, labels, networkInterfaces } = await instanceOf(lab, name);
  return { id, version: labels?.version, address: networkInterfaces?.[0]?.networkIP };
};

describe('a managed group', () => {
  it('creates its VMs after the insert is DONE, and is stable when they run', async () => {
    const lab = await openTestLab();
    await addImage(lab, 'relay-1');
    await addTemplate(lab, 't1');
    const release = lab.machines.holdBoots();
    const requestBody = {
      name: 'g',
      baseInstanceName: 'g',
      instanceTemplate: 'global/instanceTemplates/t1',
      targetSize: 2,
    };
    await lab.done(
      (await lab.api.instanceGroupManagers.insert({ project: PROJECT, zone: ZONE, requestBody })).data,
    );
    const early = await groupOf(lab, 'g');
    expect(early.status?.isStable).toBe(false);
    expect(early.currentActions).toMatchObject({ creating: 2, none: 0 });
    await eventually(async () => (await membersOf(lab, 'g'))[0]?.instanceStatus === 'STAGING');
    release();
    await stable(lab, 'g');
    expect((await groupOf(lab, 'g')).currentActions).toMatchObject({ creating: 0, none: 2 });
    for (const member of await membersOf(lab, 'g')) {
      expect(member).toMatchObject({ currentAction: 'NONE', instanceStatus: 'RUNNING' });
      expect(member.name).toMatch(/^g-[a-z0-9]{4}$/);
    }
  });

  it('shows what GCE shows of a new stateful group', async () => {
    const lab = await openWithGroup(3);
    expect(await groupOf(lab, 'g')).toMatchObject({
      instanceLifecyclePolicy: {
        defaultActionOnFailure: 'REPAIR',
        forceUpdateOnRepair: 'NO',
        onFailedHealthCheck: 'DEFAULT_ACTION',
      },
      listManagedInstancesResults: 'PAGELESS',
      versions: [{ targetSize: { calculated: 3 } }],
      updatePolicy: {
        type: 'OPPORTUNISTIC',
        maxSurge: { fixed: 0, calculated: 0 },
        maxUnavailable: { fixed: 1, calculated: 1 },
      },
      status: { isStable: true, versionTarget: { isReached: true }, stateful: { hasStatefulConfig: true } },
    });
    const [member] = await membersOf(lab, 'g');
    const { address } = await facts(lab, 'relay-01');
    expect(member?.preservedStateFromPolicy).toEqual({
      internalIPs: { nic0: { autoDelete: 'NEVER', ipAddress: { literal: address } } },
    });
    const { metadata } = await instanceOf(lab, 'relay-01');
    const items = Object.fromEntries((metadata?.items ?? []).map(({ key, value }) => [key, value]));
    expect(items['created-by']).toMatch(new RegExp(`/zones/${ZONE}/instanceGroupManagers/g$`));
  });

  it('numbers its VMs when the base name asks for it', async () => {
    const lab = await openWithGroup(2, { baseInstanceName: 'relay-###' });
    expect((await membersOf(lab, 'g')).map(({ name }) => name)).toEqual(['relay-001', 'relay-002']);
  });

  it('moves no VM when its template changes', async () => {
    const lab = await openWithGroup(2);
    const before = lab.machines.log.length;
    await point(lab, 't2');
    const group = await groupOf(lab, 'g');
    expect(group.status).toMatchObject({ isStable: true, versionTarget: { isReached: false } });
    expect(lab.machines.log).toHaveLength(before);
    for (const { version } of await membersOf(lab, 'g')) expect(version?.instanceTemplate).toMatch(/\/t1$/);
  });

  it('re-creates exactly the VMs that an update names: same name and address, other id, labels of the template', async () => {
    const lab = await openWithGroup(3);
    const before = await Promise.all(['relay-01', 'relay-02', 'relay-03'].map((name) => facts(lab, name)));
    await lab.done(
      (
        await lab.api.instances.setLabels({
          project: PROJECT,
          zone: ZONE,
          instance: 'relay-02',
          requestBody: {
            labels: { mine: 'x' },
            labelFingerprint: (await instanceOf(lab, 'relay-02')).labelFingerprint ?? '',
          },
        })
      ).data,
    );
    await point(lab, 't2');
    await apply(lab, ['relay-02']);
    await stable(lab, 'g');
    const after = await Promise.all(['relay-01', 'relay-02', 'relay-03'].map((name) => facts(lab, name)));
    expect([after[0], after[2]]).toEqual([before[0], before[2]]);
    expect(after[1]).toMatchObject({ version: 'two', address: before[1]?.address });
    expect(after[1]?.id).not.toBe(before[1]?.id);
    expect((await instanceOf(lab, 'relay-02')).labels).toEqual({ version: 'two' });
    expect(lab.machines.log.slice(-3)).toEqual(['stop relay-02', 'destroy relay-02', 'boot relay-02']);
  });

  it('goes through RECREATING with a VM that stops, is gone, and comes again', async () => {
    const lab = await openWithGroup(1);
    await point(lab, 't2');
    const release = lab.machines.holdBoots();
    await apply(lab, ['relay-01']);
    expect((await membersOf(lab, 'g'))[0]?.currentAction).toBe('RECREATING');
    expect((await groupOf(lab, 'g')).status).toMatchObject({
      isStable: false,
      versionTarget: { isReached: false },
    });
    await eventually(async () => (await membersOf(lab, 'g'))[0]?.instanceStatus === 'STAGING');
    release();
    await stable(lab, 'g');
    expect((await groupOf(lab, 'g')).status?.versionTarget?.isReached).toBe(true);
  });

  it('takes another version while it still boots the last one', async () => {
    const lab = await openWithGroup(1);
    const release = lab.machines.holdBoots();
    await point(lab, 't2');
    await apply(lab, ['relay-01']);
    await eventually(async () => (await membersOf(lab, 'g'))[0]?.instanceStatus === 'STAGING');
    await point(lab, 't1');
    await apply(lab, ['relay-01']);
    release();
    await stable(lab, 'g');
    expect(await facts(lab, 'relay-01')).toMatchObject({ version: 'one' });
    expect(lab.machines.known.size).toBe(1);
  });

  it('keeps the external address of a VM over a re-creation where the policy says so, and gives it back in the end', async () => {
    const kept = { nic0: { autoDelete: 'ON_PERMANENT_INSTANCE_DELETION' } };
    const lab = await openTestLab();
    await addImage(lab, 'relay-1');
    const network = { network: 'global/networks/default', accessConfigs: [{ networkTier: 'STANDARD' }] };
    await addTemplate(lab, 't1', { networkInterfaces: [network] });
    await addGroup(lab, 'g', 1, { statefulPolicy: { preservedState: { externalIPs: kept } } });
    const external = async () =>
      (await instanceOf(lab, 'relay-01')).networkInterfaces?.[0]?.accessConfigs?.[0];
    const before = await external();
    expect(before).toMatchObject({ type: 'ONE_TO_ONE_NAT', networkTier: 'STANDARD' });
    await apply(lab, ['relay-01']);
    await stable(lab, 'g');
    expect(await external()).toEqual(before);
    expect((await membersOf(lab, 'g'))[0]?.preservedStateFromPolicy).toEqual({
      externalIPs: { nic0: { ...kept.nic0, ipAddress: { literal: before?.natIP } } },
    });
  });

  it('makes no VM where an external address is to be kept and the template has none', async () => {
    const lab = await openTestLab();
    await addImage(lab, 'relay-1');
    await addTemplate(lab, 't1', {});
    await lab.done(
      (
        await lab.api.instanceGroupManagers.insert({
          project: PROJECT,
          zone: ZONE,
          requestBody: {
            name: 'g',
            baseInstanceName: 'relay-##',
            targetSize: 1,
            instanceTemplate: 'global/instanceTemplates/t1',
            updatePolicy: RECREATE,
            statefulPolicy: { preservedState: { externalIPs: { nic0: { autoDelete: 'NEVER' } } } },
          },
        })
      ).data,
    );
    await eventually(async () => {
      const [member] = await membersOf(lab, 'g');
      return /no access config/.test(member?.lastAttempt?.errors?.errors?.[0]?.message ?? '');
    });
    expect(lab.machines.log).toEqual([]);
  });

  it('gives another address to a VM whose address is not stateful', async () => {
    const lab = await openWithGroup(1, { statefulPolicy: undefined });
    const before = await facts(lab, 'relay-01');
    await apply(lab, ['relay-01']);
    await stable(lab, 'g');
    expect((await facts(lab, 'relay-01')).address).not.toBe(before.address);
  });

  it('does nothing to a VM that is at its target when nothing more is asked', async () => {
    const lab = await openWithGroup(1);
    const before = lab.machines.log.length;
    await apply(lab, ['relay-01'], { minimalAction: 'NONE' });
    await stable(lab, 'g');
    expect(lab.machines.log).toHaveLength(before);
  });

  it('refuses an update that needs more than is allowed', async () => {
    const lab = await openWithGroup(1);
    await point(lab, 't2');
    const requestBody = {
      instances: [link('relay-01')],
      minimalAction: 'NONE',
      mostDisruptiveAllowedAction: 'RESTART',
    };
    expect(
      await refused(lab.api.instanceGroupManagers.applyUpdatesToInstances({ ...at('g'), requestBody })),
    ).toMatchObject({ status: 400 });
    expect(
      await refused(
        lab.api.instanceGroupManagers.applyUpdatesToInstances({
          ...at('g'),
          requestBody: { instances: [link('nobody')] },
        }),
      ),
    ).toMatchObject({ status: 400 });
  });

  it('refreshes labels and metadata in place when only they differ, and restarts when asked', async () => {
    const lab = await openWithGroup(1);
    await addTemplate(lab, 't3', { labels: { version: 'three' } });
    const { id } = await facts(lab, 'relay-01');
    await point(lab, 't3');
    await apply(lab, ['relay-01'], { minimalAction: 'NONE' });
    await stable(lab, 'g');
    expect(await facts(lab, 'relay-01')).toMatchObject({ id, version: 'three' });
    await apply(lab, ['relay-01'], { minimalAction: 'RESTART' });
    await stable(lab, 'g');
    expect(await facts(lab, 'relay-01')).toMatchObject({ id });
    expect(lab.machines.log.slice(-2)).toEqual(['stop relay-01', 'boot relay-01']);
  });

  it('replaces under another name when the method is SUBSTITUTE', async () => {
    const lab = await openWithGroup(1, {
      updatePolicy: { replacementMethod: 'SUBSTITUTE' },
      baseInstanceName: 'g',
    });
    const [before] = await membersOf(lab, 'g');
    await point(lab, 't2');
    await apply(lab, [before?.name ?? '']);
    await stable(lab, 'g');
    const [after] = await membersOf(lab, 'g');
    expect(after?.name).not.toBe(before?.name);
    expect(after?.version?.instanceTemplate).toMatch(/\/t2$/);
  });

  it('keeps a canary version to its size', async () => {
    const lab = await openWithGroup(3);
    const versions = [
      { name: 'old', instanceTemplate: 'global/instanceTemplates/t1' },
      { name: 'canary', instanceTemplate: 'global/instanceTemplates/t2', targetSize: { fixed: 1 } },
    ];
    await lab.done(
      (await lab.api.instanceGroupManagers.patch({ ...at('g'), requestBody: { versions } })).data,
    );
    await apply(lab, ['relay-01', 'relay-02', 'relay-03']);
    await stable(lab, 'g');
    const counts = (await membersOf(lab, 'g')).map(({ version }) => version?.name).sort();
    expect(counts).toEqual(['canary', 'old', 'old']);
  });

  it('grows and shrinks: by resize, by name, and by creating named VMs', async () => {
    const lab = await openWithGroup(1);
    const names = async () => (await membersOf(lab, 'g')).map(({ name }) => name).sort();
    await lab.done((await lab.api.instanceGroupManagers.resize({ ...at('g'), size: 3 })).data);
    await stable(lab, 'g');
    expect(await names()).toEqual(['relay-01', 'relay-02', 'relay-03']);
    await lab.done(
      (
        await lab.api.instanceGroupManagers.deleteInstances({
          ...at('g'),
          requestBody: { instances: [link('relay-02')] },
        })
      ).data,
    );
    await stable(lab, 'g');
    expect(await names()).toEqual(['relay-01', 'relay-03']);
    expect((await groupOf(lab, 'g')).targetSize).toBe(2);
    await lab.done(
      (
        await lab.api.instanceGroupManagers.createInstances({
          ...at('g'),
          requestBody: { instances: [{ name: 'extra' }] },
        })
      ).data,
    );
    await stable(lab, 'g');
    expect(await names()).toEqual(['extra', 'relay-01', 'relay-03']);
    await lab.done((await lab.api.instanceGroupManagers.resize({ ...at('g'), size: 1 })).data);
    await stable(lab, 'g');
    expect(await names()).toHaveLength(1);
  });

  it('refuses to be changed with a stale fingerprint', async () => {
    const lab = await openWithGroup(1);
    const { fingerprint } = await groupOf(lab, 'g');
    const patch = (given: string | null | undefined) =>
      lab.api.instanceGroupManagers.patch({
        ...at('g'),
        requestBody: { targetSize: 2, fingerprint: given ?? null },
      });
    await lab.done((await patch(fingerprint)).data);
    expect(await refused(patch(fingerprint))).toMatchObject({ status: 412, reason: 'conditionNotMet' });
  });

  it('clears what a patch sets to nothing', async () => {
    const lab = await openWithGroup(1);
    await lab.api.healthChecks.insert({
      project: PROJECT,
      requestBody: { name: 'hc', type: 'TCP', tcpHealthCheck: { port: 1 } },
    });
    const autoHealingPolicies = [{ healthCheck: 'global/healthChecks/hc', initialDelaySec: 3600 }];
    await lab.done(
      (await lab.api.instanceGroupManagers.patch({ ...at('g'), requestBody: { autoHealingPolicies } })).data,
    );
    expect((await groupOf(lab, 'g')).autoHealingPolicies).toHaveLength(1);
    await lab.send('PATCH', `/compute/v1/projects/${PROJECT}/zones/${ZONE}/instanceGroupManagers/g`, {
      autoHealingPolicies: [],
      statefulPolicy: null,
    });
    const { autoHealingPolicies: left, statefulPolicy } = await groupOf(lab, 'g');
    expect([left, statefulPolicy]).toEqual([[], undefined]);
  });

  it.each([
    [
      'RECREATE with surge',
      { updatePolicy: { ...RECREATE, maxSurge: { fixed: 1 } } },
      /maxSurge must be equal to 0 when replacement method is set to RECREATE/,
    ],
    [
      'PROACTIVE with state',
      { updatePolicy: { ...RECREATE, type: 'PROACTIVE' } },
      /UpdatePolicy with type set to PROACTIVE is not allowed when Stateful is used/,
    ],
    [
      'neither surge nor unavailable',
      { updatePolicy: { ...RECREATE, maxUnavailable: { fixed: 0 } } },
      /must be greater than 0/,
    ],
    [
      'a percentage of a small group',
      { updatePolicy: { ...RECREATE, maxUnavailable: { percent: 50 } } },
      /Percent/,
    ],
    [
      'two versions without a size',
      {
        versions: [
          { instanceTemplate: 'global/instanceTemplates/t1' },
          { instanceTemplate: 'global/instanceTemplates/t2' },
        ],
      },
      /Exactly one version/,
    ],
    ['two policies of healing', { autoHealingPolicies: [{}, {}] }, /At most one policy/],
    ['a bad base name', { baseInstanceName: 'Relay' }, /baseInstanceName/],
  ])('refuses %s', async (_what, extra, sentence) => {
    const lab = await openWithGroup(0);
    const requestBody = {
      name: 'h',
      instanceTemplate: 'global/instanceTemplates/t1',
      targetSize: 1,
      statefulPolicy: STATEFUL,
      updatePolicy: RECREATE,
      ...extra,
    };
    const answer = await refused(
      lab.api.instanceGroupManagers.insert({ project: PROJECT, zone: ZONE, requestBody }),
    );
    expect(answer).toMatchObject({ status: 400, message: expect.stringMatching(sentence) });
  });

  it('refuses by name what the lab does not do', async () => {
    const lab = await openWithGroup(0);
    const requestBody = {
      name: 'h',
      instanceTemplate: 'global/instanceTemplates/t1',
      updatePolicy: { type: 'PROACTIVE' },
    };
    const answer = await refused(
      lab.api.instanceGroupManagers.insert({ project: PROJECT, zone: ZONE, requestBody }),
    );
    expect(answer).toMatchObject({
      status: 501,
      message: expect.stringMatching(/updatePolicy.type PROACTIVE/),
    });
  });

  it('keeps metadata of a per-instance config over a re-creation, once the VM was updated', async () => {
    const lab = await openWithGroup(2);
    const configs = (list: object[]) =>
      lab.api.instanceGroupManagers.patchPerInstanceConfigs({
        ...at('g'),
        requestBody: { perInstanceConfigs: list },
      });
    await lab.done(
      (await configs([{ name: 'relay-01', preservedState: { metadata: { role: 'canary' } } }])).data,
    );
    const statusOf = async () =>
      (await lab.api.instanceGroupManagers.listPerInstanceConfigs(at('g'))).data.items?.[0]?.status;
    expect(await statusOf()).toBe('UNAPPLIED');
    expect((await groupOf(lab, 'g')).status?.stateful?.perInstanceConfigs?.allEffective).toBe(false);
    await point(lab, 't2');
    await apply(lab, ['relay-01', 'relay-02']);
    await stable(lab, 'g');
    expect(await statusOf()).toBe('EFFECTIVE');
    const role = async (name: string) =>
      (await instanceOf(lab, name)).metadata?.items?.find(({ key }) => key === 'role')?.value;
    expect([await role('relay-01'), await role('relay-02')]).toEqual(['canary', undefined]);
    const which = { ...at('g'), requestBody: { names: ['relay-01'] } };
    await lab.done((await lab.api.instanceGroupManagers.deletePerInstanceConfigs(which)).data);
    expect(await statusOf()).toBe('UNAPPLIED_DELETION');
    await apply(lab, ['relay-01'], { minimalAction: 'NONE' });
    await stable(lab, 'g');
    expect([await role('relay-01'), await statusOf()]).toEqual([undefined, undefined]);
    expect(await refused(configs([{ name: 'nobody' }]))).toMatchObject({ status: 400 });
  });

  it('goes with its VMs, and leaves their addresses reserved when they are never to be deleted', async () => {
    const lab = await openWithGroup(2);
    await lab.done((await lab.api.instanceGroupManagers.delete(at('g'))).data);
    expect(lab.machines.known.size).toBe(0);
    expect(await refused(groupOf(lab, 'g'))).toMatchObject({ status: 404 });
    const { data } = await lab.api.addresses.list({ project: PROJECT, region: 'us-central1' });
    expect(data.items?.map(({ status }) => status)).toEqual(['RESERVED', 'RESERVED']);
  });

  it('protects its template and health check from deletion', async () => {
    const lab = await openWithGroup(1);
    const gone = lab.api.instanceTemplates.delete({ project: PROJECT, instanceTemplate: 't1' });
    expect(await refused(gone)).toMatchObject({ status: 400, reason: 'resourceInUseByAnotherResource' });
  });

  it('can be put right when its new image does not boot: tries again, and takes another version at once', async () => {
    const lab = await openWithGroup(1);
    await point(lab, 't2');
    await lab.send('POST', '/lab/v1/faults', {
      match: 'machine.boot *',
      status: 500,
      reason: 'KERNEL_PANIC',
    });
    await apply(lab, ['relay-01']);
    await eventually(
      async () => (await membersOf(lab, 'g'))[0]?.lastAttempt?.errors?.errors?.[0]?.code === 'KERNEL_PANIC',
    );
    expect((await membersOf(lab, 'g'))[0]?.currentAction).toBe('RECREATING');
    await lab.send('DELETE', '/lab/v1/faults');
    await point(lab, 't1');
    await apply(lab, ['relay-01']);
    await stable(lab, 'g');
    expect(await facts(lab, 'relay-01')).toMatchObject({ version: 'one' });
    expect((await membersOf(lab, 'g'))[0]?.lastAttempt).toEqual({});
  });
});
