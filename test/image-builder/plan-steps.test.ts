import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Fleet } from '../../configs/fleet.ts';
import { loadFleet } from '../../configs/load.ts';
import { type Aim, stepsOf, wordSteps } from '../../image-builder/plan-steps.ts';

const LAB = loadFleet(join(import.meta.dirname, '../../configs/fleets/lab.yaml'));
const NOTHING = { compile: false, tools: false, tree: false, disk: false };
const AIM: Aim = { done: NOTHING, bucket: 'some-bucket' };

const withImage = (image: Partial<Fleet['image']>): Fleet => ({ ...LAB, image: { ...LAB.image, ...image } });
const words = (fleet: Fleet, aim: Partial<Aim> = {}): string =>
  wordSteps(stepsOf(fleet, { ...AIM, ...aim })).join('\n');

test('an image of packages that stays here is made in five steps, none of which compiles or publishes', () => {
  expect(stepsOf(LAB, AIM)).toHaveLength(5);
  expect(words(LAB)).not.toMatch(/compile RTP|upload|promote|machine|release\.json/);
  expect(words(withImage({ source: 'debs:/srv' }))).not.toContain('compile RTP');
});

test.each(['git', 'git+file:///srv/r', '/srv/r', `https://x.example/r.tar.gz#sha256=${'a1'.repeat(32)}`])(
  'source code of %s is compiled first',
  (source) => {
    expect(words(withImage({ source }))).toContain('1. compile RTPEngine');
    expect(words(withImage({ source, check: true }))).toContain('and run its own tests');
    expect(words(withImage({ source }), { done: { ...NOTHING, compile: true } })).toMatch(
      /1\. compile .*\(done before\)/,
    );
  },
);

test('a publication is uploaded, examined, promoted and pinned, in this order, as far as it is asked for', () => {
  const publish = { depth: 'call', promote: true, pin: true } as const;
  const all = words(LAB, { publish });
  expect(all).toMatch(
    /upload .*some-bucket[\s\S]*make a call[\s\S]*promote it in family rtpengine-lab[\s\S]*release\.json/,
  );
  const less = words(LAB, { publish: { depth: 'boot', promote: false, pin: false } });
  expect(less).toContain('ask GCE how it is');
  expect(less).not.toMatch(/promote|release\.json|make a call/);
});

test('what an earlier build left is done before; a disk stands for all that it is made of', () => {
  const states = (done: Partial<typeof NOTHING>) =>
    stepsOf(LAB, { ...AIM, done: { ...NOTHING, ...done } }).map(({ state }) => state === 'done before');
  expect(states({ tools: true })).toEqual([true, false, false, false, false]);
  expect(states({ tree: true })).toEqual([false, true, false, false, false]);
  expect(states({ disk: true })).toEqual([true, true, true, true, true]);
});

test('a further form and a kernel module are steps of their own, or a part of one', () => {
  expect(words(LAB, { output: 'qcow2' })).toContain('6. make it as qcow2');
  const wanted: Fleet = { ...LAB, rtpengine: { ...LAB.rtpengine, kernel: 'wanted' } };
  expect(words(wanted)).toContain('kernel module');
  expect(words(LAB)).not.toContain('kernel module');
});
