import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';
import { chooseTemplates } from '../../infra/prune/choose.ts';
import {
  addGroup,
  addImage,
  addTemplate,
  openTestLab,
  PROJECT,
  stable,
  ZONE,
} from '../support/lab-server.ts';

const name = fc.integer({ min: 0, max: 12 }).map((number) => `demo-${number}`);
const template = fc.record({
  name,
  fleet: fc.constantFrom('demo', 'demo-2', undefined),
  createdAt: fc.integer({ min: 0, max: 5 }),
});
const templates = fc.uniqueArray(template, { selector: (one) => one.name });

test('no template that is in use, of another fleet, or among the newest is ever chosen', () => {
  fc.assert(
    fc.property(templates, fc.uniqueArray(name), fc.integer({ min: 1, max: 4 }), (all, used, keep) => {
      const { unused, kept } = chooseTemplates(all, { fleet: 'demo', inUse: new Set(used), keep });
      const own = all.filter(({ fleet }) => fleet === 'demo');
      expect([...unused, ...kept.map((one) => one.name)].sort()).toEqual(own.map((one) => one.name).sort());
      expect(unused.filter((one) => used.includes(one))).toEqual([]);
      const idle = own.filter((one) => !used.includes(one.name));
      expect(unused).toHaveLength(Math.max(0, idle.length - keep));
      const age = (wanted: string) => own.find((one) => one.name === wanted)?.createdAt ?? 0;
      const spared = idle.filter((one) => !unused.includes(one.name));
      for (const gone of unused)
        for (const one of spared) expect(age(gone)).toBeLessThanOrEqual(one.createdAt);
    }),
  );
});

test('the command tells what would go, and deletes it when told so: never what a relay still runs', {
  timeout: 120_000,
}, async () => {
  const lab = await openTestLab();
  await addImage(lab, 'relay-1');
  for (const template of ['demo-1', 'demo-2', 'demo-3', 'demo-4', 'demo-5'])
    await addTemplate(lab, template, { labels: { rtpfleet: 'demo' } });
  await addTemplate(lab, 'demo-of-others', { labels: { rtpfleet: 'demo-of' } });
  const group = `demo-${ZONE}`;
  await addGroup(lab, group, 1, { instanceTemplate: 'global/instanceTemplates/demo-1' });
  await stable(lab, group);
  const instanceTemplate = 'global/instanceTemplates/demo-5';
  const at = { project: PROJECT, zone: ZONE, instanceGroupManager: group };
  await lab.done(
    (await lab.api.instanceGroupManagers.patch({ ...at, requestBody: { instanceTemplate } })).data,
  );

  const folder = mkdtempSync(join(tmpdir(), 'rtpfleet-prune-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const fleetFile = join(folder, 'fleet.yaml');
  const cloud = { project: PROJECT, region: 'us-central1', zones: [ZONE] };
  writeFileSync(fleetFile, stringify({ name: 'demo', cloud, image: { version: 'mr12.5.1.31' } }));
  const prune = (...words: readonly string[]) =>
    execa(process.execPath, ['infra/prune.ts', '--fleet', fleetFile, '--keep', '1', ...words], {
      env: { RTPFLEET_ENDPOINT: lab.url },
    });
  const names = async () =>
    (await lab.api.instanceTemplates.list({ project: PROJECT })).data.items?.map((one) => one.name).sort();

  const before = await names();
  const { stdout } = await prune();
  expect(stdout.split('\n')).toEqual([
    'keep    demo-5 (in use)',
    'keep    demo-4 (one of the newest 1)',
    'keep    demo-1 (in use)',
    'delete  demo-2',
    'delete  demo-3',
    'Nothing was deleted: say --yes to delete these.',
  ]);
  expect(await names()).toEqual(before);
  await prune('--yes');
  expect(await names()).toEqual(['demo-1', 'demo-4', 'demo-5', 'demo-of-others']);
});

test.each([
  [['--keep', '0'], /1 or more/],
  [['--fleet', 'no-such-file.yaml'], /no-such-file\.yaml: cannot be read/],
  [['--everything'], /unknown option/],
])('%j is wrong usage', { timeout: 60_000 }, (words, sentence) => {
  const { status, stderr } = spawnSync(process.execPath, ['infra/prune.ts', ...words], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([2, expect.stringMatching(sentence)]);
  expect(stderr).not.toMatch(/\n\s+at /);
});
