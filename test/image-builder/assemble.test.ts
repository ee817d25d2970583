import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { DISK_FILES, renewManifest } from '../../image-builder/assemble.ts';
import type { ImagePlan } from '../../image-builder/plan.ts';
import { MANIFEST } from './support/product.ts';

const folder = mkdtempSync(join(tmpdir(), 'rtpfleet-manifest-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a disk that was made before is recorded with where its packages come from now', () => {
  const file = join(folder, DISK_FILES.manifest);
  writeFileSync(file, JSON.stringify({ ...MANIFEST, source: 'path', place: '/old', lock: 'b'.repeat(64) }));
  const origin = { source: 'git', place: 'https://git.example/r', commit: 'c'.repeat(40) } as const;
  const renewed = renewManifest(folder, { origin } as ImagePlan);
  expect(renewed).toEqual({ ...MANIFEST, ...origin });
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(renewed);

  const lock = { file: 'x.lock.json', digest: 'd'.repeat(64), packages: 1, absent: 0 };
  expect(renewManifest(folder, { origin, lock } as ImagePlan).lock).toBe(lock.digest);
});
