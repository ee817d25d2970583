/** The roles hold what the programs call, as their own sources say. */
import { globSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  CONTROLLER_CALLS,
  controllerPermissions,
  PUBLISHER_CALLS,
  publisherPermissions,
} from '../../infra/permissions.ts';

/** `collection.method` of every call through lib/gce.ts. */
function callsOf(folder: string): readonly string[] {
  const found = globSync(`${folder}/**/*.ts`).flatMap((file) => {
    const text = readFileSync(file, 'utf8');
    const single = text.matchAll(/\.call\(\s*'(\w+)',\s*'(\w+)'/g);
    const whole = text.matchAll(/\.aggregated\(\s*'(\w+)'/g);
    return [...single, ...whole].map(
      ([, collection, method = 'aggregatedList']) => `${collection}.${method}`,
    );
  });
  return [...new Set(found)].sort();
}

describe.each([
  ['rollout', CONTROLLER_CALLS],
  ['image-builder', PUBLISHER_CALLS],
])('%s', (folder, calls) => {
  test('makes the calls that its role is made for, and no other', () => {
    expect(callsOf(folder)).toEqual(Object.keys(calls).sort());
  });
});

test('a role holds no wildcard, no IAM, and nothing that ends a VM from a rollout', () => {
  const all = [...controllerPermissions(), ...publisherPermissions()];
  expect(all.filter((one) => !/^(compute|storage)\.[a-zA-Z]+\.[a-zA-Z]+$/.test(one))).toEqual([]);
  expect(all.filter((one) => /[iI]am|setServiceAccount|actAs/.test(one))).toEqual([]);
  expect(controllerPermissions().filter((one) => /\.(delete|create|stop|reset)$/.test(one))).toEqual([]);
});
