import { expect, test } from 'vitest';
import { FleetError } from '../../../lib/errors.ts';
import type { Gce } from '../../../lib/gce.ts';
import { quotaTroubles, troublesOf } from '../../../rollout/adapters/gce-preflight.ts';

/** Answers by service; what is not there is not found. */
function gceWith(resources: Readonly<Record<string, unknown>>): Gce {
  const call = async (service: string) => {
    if (service in resources) return resources[service];
    throw new FleetError({ kind: 'stop', code: 'gce-not-found', message: `no ${service}` });
  };
  return { call } as unknown as Gce;
}

const link = 'https://x/compute/v1/projects/p/global/images/i1';
const template = { properties: { disks: [{ boot: true, initializeParams: { sourceImage: link } }] } };

test.each([
  [
    'a template that is gone',
    {},
    'The groups want the instance template t1, and there is none of that name.',
  ],
  [
    'an image that is gone',
    { instanceTemplates: template },
    'Template t1 boots the image i1, which is not there.',
  ],
  [
    'an image that is being made',
    { instanceTemplates: template, images: { status: 'PENDING' } },
    'The image i1 of template t1 is PENDING.',
  ],
])('%s stops a run before it begins', async (_, resources, message) => {
  expect(await troublesOf(gceWith(resources), 'p', 't1')).toEqual([{ kind: 'stop', message }]);
});

test('an image that is ready, or of another project, does not', async () => {
  const ready = gceWith({ instanceTemplates: template, images: { status: 'READY' } });
  expect(await troublesOf(ready, 'p', 't1')).toEqual([]);
  expect(await troublesOf(gceWith({ instanceTemplates: template }), 'other', 't1')).toEqual([]);
});

test('a quota that is exceeded stops it; quotas that nobody tells are said to be unknown', async () => {
  const quotas = [
    { metric: 'CPUS', usage: 100, limit: 96 },
    { metric: 'INSTANCES', usage: 9, limit: 10 },
    { metric: 'ROUTERS', usage: 9, limit: 1 },
  ];
  const over = 'r1 uses 100 of its quota of 96 CPUS: a deleted VM could not be made again.';
  expect(await quotaTroubles(gceWith({ regions: { quotas } }), 'r1')).toEqual([
    { kind: 'stop', message: over },
  ]);
  expect(await quotaTroubles(gceWith({}), 'r1')).toMatchObject([{ kind: 'warn' }]);
});
