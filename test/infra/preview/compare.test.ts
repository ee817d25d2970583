/** A change of the fleet file gives the smallest change of resources, and says what it does. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Subject } from '../../../infra/policies/subject.ts';
import { type Change, compare } from '../../../infra/preview/compare.ts';
import { dangers, refusals } from '../../../infra/preview/judge.ts';
import { kindOf } from '../../../infra/preview/resource.ts';
import { FLOATING, fleetFile, subjectOf } from '../subject.ts';

const ZONES = ['us-central1-a', 'us-central1-b', 'us-central1-c'];
const cloud = (zones: readonly string[]) => ({ project: 'my-project', region: 'us-central1', zones });

let before: Subject;
beforeAll(async () => {
  before = await subjectOf(fleetFile({ cloud: cloud(ZONES) }));
}, 60_000);

/** Alerts and dashboard name each group; only that they change is not looked at here. */
function besideMonitoring(lines: readonly string[]): readonly string[] {
  return lines.filter((line) => !line.startsWith('changed monitoring/'));
}

/** e.g. `changed compute/firewall firewall-media sourceRanges`. */
function words(changes: readonly Change[]): readonly string[] {
  return changes.map(({ kind, resource, inputs }) =>
    [kind, kindOf(resource.type), resource.name, ...inputs.map(({ path }) => path)].join(' '),
  );
}

async function changes(parts: object, asked = {}): Promise<readonly Change[]> {
  return compare(
    before.resources,
    (await subjectOf(fleetFile({ cloud: cloud(ZONES), ...parts }), asked)).resources,
  );
}

const groups = (...paths: readonly string[]) =>
  ZONES.map((zone) => `changed compute/instanceGroupManager ${zone} ${paths.join(' ')}`);

/** Logical names of groups end in their zone, whatever comes before it. */
function short(line: string): string {
  return line.replace(/(instanceGroupManager) \S*?(us-central1-\w)/, '$1 $2');
}

describe('one change', () => {
  test('of nothing: no change', async () => {
    expect(await changes({})).toEqual([]);
  });

  test('of the image: another template, which the groups want; nothing is replaced but the template', async () => {
    const done = words(await changes({}, { image: 'rtpengine-mr13-0-1-1-debian-13-cccccccc' })).map(short);
    expect(done).toEqual([
      ...groups('versions[0].instanceTemplate'),
      expect.stringMatching(
        /^replaced compute\/instanceTemplate \S+ description disks\[0\]\.sourceImage namePrefix$/,
      ),
    ]);
  });

  test('of the machine type: likewise', async () => {
    const done = words(await changes({ relays: { machineType: 'n2-standard-8' } })).map(short);
    expect(done).toEqual([
      ...groups('versions[0].instanceTemplate'),
      expect.stringMatching(/^replaced compute\/instanceTemplate \S+ machineType$/),
    ]);
  });

  test('of the count: the size of each group', async () => {
    expect(words(await changes({ relays: { perZone: 3 } })).map(short)).toEqual(groups('targetSize'));
  });

  test('of the count to fewer: refused, since the groups pick the relays that they delete', async () => {
    const large = await subjectOf(fleetFile({ cloud: cloud(['us-central1-a']), relays: { perZone: 5 } }));
    const small = await subjectOf(fleetFile({ cloud: cloud(['us-central1-a']), relays: { perZone: 3 } }));
    const done = compare(large.resources, small.resources);
    expect(refusals(done, large.resources)).toEqual([
      'demo-us-central1-a would delete 2 of its relays, whichever it likes, with their calls',
    ]);
    expect(dangers(done, large.resources)).toEqual([]);
    const back = compare(small.resources, large.resources);
    expect([...refusals(back, small.resources), ...dangers(back, small.resources)]).toEqual([]);
  });

  test('of a stack that may lose its relays: told, and not refused', async () => {
    const asked = { protect: false, stack: 'dev' };
    const of = (zones: readonly string[], perZone: number) =>
      subjectOf(fleetFile({ cloud: cloud(zones), relays: { perZone } }), asked);
    const large = await of(ZONES.slice(0, 2), 5);
    const done = compare(large.resources, (await of(ZONES.slice(0, 1), 3)).resources);
    expect(refusals(done, large.resources)).toEqual([]);
    expect(dangers(done, large.resources)).toEqual([
      'demo-us-central1-a would delete 2 of its relays, whichever it likes, with their calls',
      'demo-us-central1-b would be removed, with all its relays and their calls',
    ]);
  });

  test('of who may send RTP: one rule', async () => {
    const done = words(await changes({ network: { mediaSources: ['198.51.100.0/24'] } }));
    expect(done).toEqual([expect.stringMatching(/^changed compute\/firewall \S*media sourceRanges$/)]);
  });

  test('of the zones, one more: one group more', async () => {
    const done = besideMonitoring(words(await changes({ cloud: cloud([...ZONES, 'us-central1-f']) })));
    expect(done).toEqual([expect.stringMatching(/^added compute\/instanceGroupManager \S*us-central1-f$/)]);
  });

  test('of the zones, one less: its group goes, which Pulumi refuses as it is protected', async () => {
    const done = await changes({ cloud: cloud(ZONES.slice(0, 2)) });
    expect(besideMonitoring(words(done))).toEqual([
      expect.stringMatching(/^removed compute\/instanceGroupManager \S*us-central1-c$/),
    ]);
    expect(refusals(done, before.resources)).toEqual([
      'demo-us-central1-c is protected and would be removed',
    ]);
  });

  test('of what Google cannot change in place is told, and refused where calls are', async () => {
    const done = await changes({ redis: { tier: 'BASIC' } });
    expect(words(done)).toEqual([expect.stringMatching(/^replaced redis\/instance \S+ tier$/)]);
    expect(refusals(done, before.resources)).toEqual(['demo-redis is protected and would be replaced']);
  });

  test('of protection is a change of every resource that has it', async () => {
    const done = words(await changes({}, { protect: false }));
    expect(done.filter((line) => line.endsWith('protect')).length).toBe(done.length);
    expect(done.length).toBe(4);
  });
});

describe('relays with floating addresses', () => {
  const of = (zones: readonly string[], perZone: number, asked = {}) =>
    subjectOf(fleetFile({ cloud: cloud(zones), ...FLOATING, relays: { perZone } }), asked);
  let two: Subject;
  beforeAll(async () => {
    two = await of(ZONES.slice(0, 2), 2);
  }, 60_000);

  test('one more in each zone: made by name; templates that know its address; nothing is lost', async () => {
    const more = await of(ZONES.slice(0, 2), 3);
    const done = compare(two.resources, more.resources);
    const [added, others] = [true, false].map((is) => done.filter(({ kind }) => is === (kind === 'added')));
    expect(new Set(added?.map(({ resource }) => resource.inputs.name))).toEqual(
      new Set(['demo-us-central1-a-2', 'demo-us-central1-b-2']),
    );
    expect(words(others ?? []).map(short)).toEqual([
      ...groups('versions[0].instanceTemplate').slice(0, 2),
      ...['a', 'b'].map((zone) =>
        expect.stringMatching(new RegExp(`^replaced compute/instanceTemplate \\S+-${zone} description$`)),
      ),
    ]);
    expect([...refusals(done, two.resources), ...dangers(done, two.resources)]).toEqual([]);
  });

  test('one less: refused', async () => {
    const done = compare(two.resources, (await of(ZONES.slice(0, 2), 1)).resources);
    expect(refusals(done, two.resources)).toEqual(
      expect.arrayContaining(['demo-us-central1-a-1 is protected and would be removed']),
    );
  });

  test('one zone more: refused, as relays would change their databases', async () => {
    const done = compare(two.resources, (await of(ZONES, 2)).resources);
    expect(refusals(done, two.resources)).toEqual([
      "demo-us-central1-a-1 would give up database 4, with its calls, for 5, which may be another's",
      "demo-us-central1-b-1 would give up database 5, with its calls, for 6, which may be another's",
    ]);
    expect(dangers(done, two.resources)).toEqual([]);
  });

  test('another order of zones in a stack that may lose its relays: told, and not refused', async () => {
    const asked = { protect: false, stack: 'dev' };
    const loose = await of(ZONES.slice(0, 2), 1, asked);
    const done = compare(loose.resources, (await of([...ZONES.slice(0, 2)].reverse(), 1, asked)).resources);
    expect(refusals(done, loose.resources)).toEqual([]);
    expect(dangers(done, loose.resources)).toHaveLength(2);
  });

  test('for a fleet without, or the other way round: refused, as relays would have names of both kinds', async () => {
    const done = await changes({ ...FLOATING });
    expect(refusals(done, before.resources)).toEqual(
      expect.arrayContaining([
        'demo-us-central1-a has relays with names of another kind, and would keep them beside those that it is to have',
      ]),
    );
    const { resources } = await subjectOf(
      fleetFile({ cloud: cloud(ZONES.slice(0, 2)), relays: { perZone: 2 } }),
    );
    const back = refusals(compare(two.resources, resources), two.resources);
    expect(back).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^demo-us-central1-a has relays with names of another kind/),
        'demo-us-central1-b-1 is protected and would be removed',
      ]),
    );
  });
});
