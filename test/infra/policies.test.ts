/** Each policy is kept by the program, and is broken by a program that breaks it. */
import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { LABELS_OF } from '../../infra/policies/keeping.ts';
import type { Subject } from '../../infra/policies/subject.ts';
import { brokenPolicies, POLICIES } from '../../infra/policies.ts';
import { kindOf } from '../../infra/preview/resource.ts';
import {
  account,
  BREACHES,
  CLOUD,
  changed,
  forwarding,
  grant,
  open,
  RELAY,
  rule,
  withMetadata,
} from './breaches.ts';
import { FLOATING, fleetFile, subjectOf } from './subject.ts';

let good: Subject;
/** Relays have floating addresses. */
let floating: Subject;
beforeAll(async () => {
  good = await subjectOf(fleetFile());
  floating = await subjectOf(fleetFile(FLOATING));
}, 60_000);

test('the program keeps every policy', () => {
  expect(brokenPolicies(good)).toEqual([]);
  expect(brokenPolicies(floating)).toEqual([]);
});

test('the longest names that a fleet file can have are ones that Google takes', async () => {
  const zone = 'northamerica-northeast1-a';
  const parts = { cloud: { project: `p${'9'.repeat(29)}`, region: zone.slice(0, -2), zones: [zone] } };
  const secret = `projects/${parts.cloud.project}/secrets/redis/versions/latest`;
  for (const redis of [{ tier: 'STANDARD_HA' }, { kind: 'vm', secret }]) {
    const longest = await subjectOf({ ...fleetFile({ ...parts, redis }), name: 'a'.repeat(20) });
    expect(brokenPolicies(longest)).toEqual([]);
  }
});

test('every policy has a name of its own and a rule, and is broken below', () => {
  const names = POLICIES.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(Object.keys(BREACHES).toSorted()).toEqual(names.toSorted());
  for (const { rule: text } of POLICIES) expect(text).toMatch(/^[a-zA-Z].*\.$/);
});

describe.each(Object.entries(BREACHES))('%s is broken by', (name, breaches) => {
  test.each(Object.entries(breaches))('%s', (_, breach) => {
    const broken = brokenPolicies(breach(good));
    expect(broken.map(({ policy }) => policy.name)).toContain(name);
    for (const { findings } of broken)
      for (const { message } of findings) expect(message).not.toMatch(/undefined|\[object|\.$/);
  });
});

describe('is kept by', () => {
  test.each<[string, (subject: Subject) => Subject]>([
    ['a relay with a floating address', forwarding({})],
    ['RTP for carriers only', open('udp', ['30000-40000'], ['198.51.100.0/24'])],
    ['a part of the RTP ports for the world', open('udp', ['31000-32000'], ['0.0.0.0/0'])],
    [
      'a rule that is switched off',
      (subject) => rule({ disabled: true, sourceRanges: ['0.0.0.0/0'] })(subject),
    ],
    [
      'the whole cloud for a machine that may read one secret by name',
      (subject) =>
        grant(
          'roles/secretmanager.secretAccessor',
          {},
          'secretmanager/secretIamMember',
        )(account(RELAY, CLOUD)(subject)),
    ],
    [
      'metadata that says where a secret is',
      withMetadata({ 'rtpfleet-redis-secret': 'projects/my-project/secrets/demo-redis/versions/latest' }),
    ],
    [
      'a stack without users that may be thrown away',
      (subject) =>
        changed({ ...subject, protect: false, stack: 'dev' }, 'compute/instanceGroupManager', (one) => ({
          ...one,
          protect: false,
        })),
    ],
  ])('%s', (_, change) => {
    expect(brokenPolicies(change(good))).toEqual([]);
  });

  test('relays behind a proxy and a controller that the fleet file names', async () => {
    const network = { proxySources: ['203.0.113.8/32'], controllerSources: ['198.51.100.4/32'] };
    expect(brokenPolicies(await subjectOf(fleetFile({ network })))).toEqual([]);
  });
});

test('what takes labels is what the provider says of each kind that the program uses', () => {
  const resources = [...good.resources, ...floating.resources];
  for (const kind of new Set(resources.map(({ type }) => kindOf(type)))) {
    const source = providerSource(kind);
    const key = ['userLabels', 'labels'].find((name) => source.includes(`resourceInputs["${name}"]`));
    expect([kind, LABELS_OF[kind]]).toEqual([kind, key]);
  }
});

function providerSource(kind: string): string {
  const [folder = '', name = ''] = kind.split('/');
  const path = `node_modules/@pulumi/gcp/${folder}`;
  const file = readdirSync(path).find((one) => one.toLowerCase() === `${name}.js`.toLowerCase());
  return readFileSync(`${path}/${file}`, 'utf8');
}
