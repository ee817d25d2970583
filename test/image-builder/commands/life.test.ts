/** The commands on published images, as a person runs them, against the lab's endpoint. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import * as life from '../../../image-builder/commands/life.ts';
import { promoteImage } from '../../../image-builder/life/states.ts';
import type { Manifest } from '../../../image-builder/manifest.ts';
import { exitCodeOf, wordError } from '../../../lib/errors.ts';
import { addGroup, addTemplate, PROJECT, REGION, ZONE } from '../../support/lab-server.ts';
import { acceptedIn, importInto, MANIFEST, openPublishLab, type PublishLab } from '../support/product.ts';

type LifeWords = life.LifeWords;

const FLEET_FILE = `name: unit
cloud: { project: ${PROJECT}, region: ${REGION}, zones: [${ZONE}] }
image: { version: mr12.5.1.31 }
`;

const numbered = (digit: number): Manifest => ({
  ...MANIFEST,
  image: `rtpengine-mr12-5-1-31-debian-13-${String(digit).repeat(8)}`,
});
const [FIRST, SECOND, THIRD] = [numbered(1), numbered(2), numbered(3)];

type Run = { readonly exitCode: number; readonly stdout: string; readonly stderr: string };

/** In this process: loading Google's clients anew for each command would take most of the time. */
async function run(lab: PublishLab, command: (words: LifeWords) => Promise<number>): Promise<Run> {
  const fleet = join(lab.folder, 'unit.yaml');
  writeFileSync(fleet, FLEET_FILE);
  let stdout = '';
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    stdout += String(text);
    return true;
  });
  try {
    return { exitCode: await command({ fleet, endpoint: lab.url }), stdout, stderr: '' };
  } catch (error) {
    return { exitCode: exitCodeOf(error), stdout, stderr: wordError(error) };
  } finally {
    spy.mockRestore();
  }
}

/** Three images, each promoted after the one before; the first is what a group's relay runs. */
async function labWithThree(): Promise<PublishLab> {
  const lab = await openPublishLab();
  for (const [place, manifest] of [FIRST, SECOND, THIRD].entries()) {
    await acceptedIn(lab, manifest);
    await promoteImage(lab.cloud, manifest.image, 1_700_000_000 + place);
    if (place > 0) continue;
    await addTemplate(lab, 't1', {}, manifest.image);
    await addGroup(lab, 'unit-a', 1);
  }
  return lab;
}

describe('images', () => {
  test('are listed with their state and users, and pruned only when nobody needs them', async () => {
    const lab = await labWithThree();
    const names = async () =>
      (await lab.api.images.list({ project: PROJECT })).data.items?.map(({ name }) => name);

    const listed = JSON.parse((await run(lab, (words) => life.listImages({ ...words, json: true }))).stdout);
    const states = listed.map((each: Record<string, unknown>) => [each.name, each.current, each.usedBy]);
    expect(states).toEqual([
      [THIRD.image, true, []],
      [SECOND.image, false, []],
      [FIRST.image, false, [`group ${ZONE}/unit-a`, expect.stringMatching(`^machine ${ZONE}/relay-`)]],
    ]);
    expect((await run(lab, life.listImages)).stdout).toMatch(
      new RegExp(
        `^NAME .*\n${THIRD.image}  mr12\\.5\\.1\\.31  debian-13  0 min  rtpengine-unit  current +-\n`,
      ),
    );

    const dry = await run(lab, (words) => life.prune({ ...words, keep: 1 }));
    expect(dry.stdout).toContain(
      `delete  ${SECOND.image}\nkeep  ${THIRD.image}: family rtpengine-unit stands for it`,
    );
    expect(dry.stdout).toContain(`keep  ${FIRST.image}: used by group ${ZONE}/unit-a; used by machine`);
    expect(await names()).toEqual([FIRST.image, SECOND.image, THIRD.image]);

    const wet = await run(lab, (words) => life.prune({ ...words, keep: 1, yes: true }));
    expect([wet.exitCode, wet.stdout]).toEqual([0, expect.stringContaining(`deleted  ${SECOND.image}\n`)]);
    expect(await names()).toEqual([FIRST.image, THIRD.image]);
    const bucket = `${PROJECT}-rtpfleet-images`;
    expect(await lab.cloud.storage.text(bucket, `records/${SECOND.image}.json`)).toBeUndefined();
  });

  test('may be promoted again: the way back, and shown with the record of their build', async () => {
    const lab = await labWithThree();
    const back = await run(lab, (words) => life.promote(FIRST.image, words));
    expect(back.stdout).toBe(
      `family rtpengine-unit stands for ${FIRST.image}, in the place of ${THIRD.image}\n`,
    );
    const shown = JSON.parse(
      (await run(lab, (words) => life.showImage(FIRST.image, { ...words, json: true }))).stdout,
    );
    expect(shown).toMatchObject({ current: true, accepted: 'call', record: { packages: MANIFEST.packages } });
    expect((await run(lab, (words) => life.showImage(THIRD.image, words))).stdout).toContain(
      `state     deprecated, replaced by ${FIRST.image}\n`,
    );
  });

  test('cannot be promoted before they are accepted, nor made obsolete while a group has them', async () => {
    const lab = await labWithThree();
    await importInto(lab, numbered(4));
    const early = await run(lab, (words) => life.promote(numbered(4).image, words));
    expect([early.exitCode, early.stderr]).toEqual([3, expect.stringContaining('was never accepted')]);
    const used = await run(lab, (words) => life.deprecate(FIRST.image, { ...words, state: 'OBSOLETE' }));
    expect([used.exitCode, used.stderr]).toEqual([
      3,
      expect.stringContaining(`used by group ${ZONE}/unit-a`),
    ]);
    const free = await run(lab, (words) =>
      life.deprecate(SECOND.image, { ...words, state: 'OBSOLETE', replacement: THIRD.image }),
    );
    expect([free.exitCode, free.stdout]).toEqual([
      0,
      `${SECOND.image} is OBSOLETE, replaced by ${THIRD.image}\n`,
    ]);
    const last = await run(lab, (words) => life.deprecate(THIRD.image, { ...words, state: 'DEPRECATED' }));
    expect(last.stdout).toContain('family rtpengine-unit stands for no image now');
  });

  test('are not pruned while a zone does not answer', async () => {
    const lab = await labWithThree();
    const fault = { match: 'compute.disks.aggregatedList', status: 403, reason: 'forbidden' };
    await lab.send('POST', '/lab/v1/faults', fault);
    const { exitCode, stderr } = await run(lab, (words) => life.prune({ ...words, keep: 1, yes: true }));
    expect([exitCode, stderr]).toEqual([
      3,
      expect.stringContaining('GCE refused compute.disks.aggregatedList'),
    ]);
    expect((await lab.api.images.list({ project: PROJECT })).data.items).toHaveLength(3);
  });

  test('that do not exist are answered with the nearest that does', async () => {
    const lab = await openPublishLab();
    await importInto(lab, SECOND);
    const { exitCode, stderr } = await run(lab, (words) =>
      life.showImage(`${SECOND.image.slice(0, -1)}3`, words),
    );
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(`Did you mean ${SECOND.image}?`)]);
  });
});
