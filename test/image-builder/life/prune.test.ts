import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ImageFacts } from '../../../image-builder/life/facts.ts';
import { factsOf } from '../../../image-builder/life/facts.ts';
import { planPrune, type Stock } from '../../../image-builder/life/prune.ts';
import { type Holders, unknownTemplates, usesOf } from '../../../image-builder/life/uses.ts';

const DAY = 86_400_000;
const NOW = 1_800_000_000_000;

function image(name: string, days: number, more: Partial<ImageFacts> = {}): ImageFacts {
  return {
    ...factsOf({ name, family: 'rtpengine-unit', status: 'READY', labels: { rtpfleet: 'unit' } }),
    createdAt: NOW - days * DAY,
    accepted: 'call',
    state: 'DEPRECATED',
    ...more,
  };
}

function going(stock: Partial<Stock>, keep: number): readonly string[] {
  const verdicts = planPrune(
    { images: [], uses: [], pinned: [], ...stock },
    { fleet: 'unit', keep, now: NOW },
  );
  return verdicts.filter(({ reasons }) => reasons.length === 0).map((verdict) => verdict.image.name);
}

describe('what prune deletes', () => {
  const old = [image('a', 1, { state: 'ACTIVE' }), image('b', 2), image('c', 3), image('d', 4)];

  test('is what is older than the last accepted ones that are to stay', () => {
    expect(going({ images: old }, 2)).toEqual(['c', 'd']);
  });

  test('is never what a fleet is pinned to', () => {
    expect(going({ images: old, pinned: ['d'] }, 1)).toEqual(['b', 'c']);
  });

  test('is never what its family stands for, however old', () => {
    const images = [image('a', 1), image('b', 2), image('c', 3, { state: 'ACTIVE' })];
    expect(going({ images }, 1)).toEqual(['b']);
  });

  test('may be an image that was never accepted, once nobody can be examining it any more', () => {
    const images = [
      image('a', 1),
      image('fresh', 0.5, { accepted: undefined }),
      image('failed', 2, { accepted: undefined }),
    ];
    expect(going({ images }, 1)).toEqual(['failed']);
  });

  test('one that was not accepted does not take the place of one that was', () => {
    const images = [image('failed', 2, { accepted: undefined }), image('a', 3), image('b', 4)];
    expect(going({ images }, 1)).toEqual(['failed', 'b']);
  });

  test('is not an image that is being imported', () => {
    expect(going({ images: [image('a', 1), image('b', 2, { status: 'PENDING' })] }, 1)).toEqual([]);
  });

  test('is nothing of another fleet', () => {
    expect(going({ images: [image('a', 1), image('b', 2, { fleet: 'other' })] }, 1)).toEqual([]);
  });
});

/** The forms in which GCE and its clients write the image of a disk. */
const FORMS = [
  (name: string) => `https://www.googleapis.com/compute/v1/projects/p/global/images/${name}`,
  (name: string) => `https://compute.googleapis.com/compute/v1/projects/p/global/images/${name}`,
  (name: string) => `projects/p/global/images/${name}`,
  (name: string) => `global/images/${name}`,
];
const linkTo = (name: string) => fc.constantFrom(...FORMS).map((form) => form(name));

const template = (name: string, sourceImage: string) => ({
  name,
  properties: {
    disks: [
      { boot: false, initializeParams: {} },
      { boot: true, initializeParams: { sourceImage } },
    ],
  },
});

describe('prune', () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const images = fc.tuple(
    ...names.map((name) =>
      fc
        .record({
          days: fc.integer({ min: 0, max: 400 }),
          state: fc.constantFrom('ACTIVE' as const, 'DEPRECATED' as const, 'OBSOLETE' as const),
          accepted: fc.constantFrom('call', undefined),
          status: fc.constantFrom('READY', 'READY', 'PENDING', 'FAILED'),
        })
        .map(({ days, ...more }) => image(name, days, more)),
    ),
  );
  const some = fc.subarray(names);
  const links = some.chain((used) =>
    fc.tuple(...used.map(linkTo)).map((made) => used.map((name, at) => ({ name, link: made[at] ?? '' }))),
  );

  test('never deletes an image that a template, a group, a machine or a pin uses, or that its family stands for', () => {
    fc.assert(
      fc.property(
        images,
        links,
        links,
        links,
        some,
        fc.integer({ min: 1, max: 4 }),
        (all, inTemplates, inGroups, inDisks, pinned, keep) => {
          const holders: Holders = {
            templates: [
              ...inTemplates.map(({ name, link }) => template(`t-${name}`, link)),
              ...inGroups.map(({ name, link }) => template(`g-${name}`, link)),
            ] as Holders['templates'],
            groups: inGroups.map(({ name }, place) => ({
              name: `group-${name}`,
              selfLink: `projects/p/zones/z/instanceGroupManagers/group-${name}`,
              // What a group has left of an old version counts like the new one.
              instanceTemplate: `projects/p/global/instanceTemplates/${place % 2 === 0 ? `g-${name}` : 'g-other'}`,
              versions: [{ instanceTemplate: `projects/p/global/instanceTemplates/g-${name}` }],
            })) as Holders['groups'],
            disks: inDisks.map(({ name, link }) => ({
              sourceImage: link,
              users: [`projects/p/zones/z/instances/m-${name}`],
            })) as Holders['disks'],
          };
          const gone = going({ images: all, uses: usesOf(holders), pinned }, keep);
          const used = new Set([...inTemplates, ...inGroups, ...inDisks].map(({ name }) => name));
          expect(gone.filter((name) => used.has(name) || pinned.includes(name))).toEqual([]);
          const newest = all
            .filter(({ state, status }) => state === 'ACTIVE' && status === 'READY')
            .sort((x, y) => y.createdAt - x.createdAt || x.name.localeCompare(y.name))[0];
          expect(gone).not.toContain(newest?.name);
          const accepted = all.filter((each) => each.accepted !== undefined).map(({ name }) => name);
          const kept = accepted.filter((name) => !gone.includes(name)).length;
          expect(kept).toBeGreaterThanOrEqual(Math.min(keep, accepted.length));
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('the users of an image', () => {
  test('are named once: a group instead of its template, a machine with its zone', () => {
    const uses = usesOf({
      templates: [
        template('t1', 'global/images/a'),
        template('t2', 'global/images/a'),
      ] as Holders['templates'],
      groups: [
        {
          selfLink: 'https://x/projects/p/zones/us-central1-a/instanceGroupManagers/g1',
          instanceTemplate: 'https://x/projects/p/global/instanceTemplates/t1',
        },
      ] as Holders['groups'],
      disks: [
        { sourceImage: 'projects/p/global/images/a', users: ['projects/p/zones/z/instances/m1'] },
        { sourceImage: 'projects/p/global/images/a', users: [] },
      ] as unknown as Holders['disks'],
    });
    expect(uses.map(({ by }) => by)).toEqual(['group us-central1-a/g1', 'template t2', 'machine z/m1']);
  });

  test('are unknown when a group names a template that cannot be read', () => {
    const groups = [{ instanceTemplate: 'projects/p/global/instanceTemplates/gone' }] as Holders['groups'];
    expect(unknownTemplates({ templates: [], groups, disks: [] })).toEqual(['gone']);
  });
});
