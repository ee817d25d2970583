import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import {
  lockFileOf,
  readLock,
  systemOf,
  withSystem,
  wordLock,
  writeLock,
} from '../../../image-builder/lock/lock-file.ts';
import { deb, SYSTEM } from './support/locks.ts';

const folder = mkdtempSync(join(tmpdir(), 'rtpfleet-lock-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a lock lies beside its fleet file', () => {
  expect(lockFileOf('configs/fleets/lab.yaml')).toBe('configs/fleets/lab.lock.json');
  expect(lockFileOf('/srv/prod.yml')).toBe('/srv/prod.lock.json');
});

test('what is written is what is read, one package a line, and nothing else is left there', () => {
  const file = join(folder, 'lab.lock.json');
  const odd = deb('libstdc++6', '1:14.2+dfsg~rc1-1');
  const lock = withSystem(undefined, {
    ...SYSTEM,
    tools: { include: ['x'], packages: [odd] },
    qemu: { include: ['qemu-utils'], packages: [odd] },
  });
  writeLock(file, lock);
  expect(readLock(file)).toEqual(lock);
  expect(
    wordLock(lock)
      .split('\n')
      .filter((line) => line.includes('"sha256"')),
  ).toHaveLength(4);
  expect(readdirSync(folder)).toEqual(['lab.lock.json']);
});

test('no file is no lock', () => {
  expect(readLock(join(folder, 'none.lock.json'))).toBeUndefined();
});

test('a base has its own list; that of another base stays as it is', () => {
  const other = { ...SYSTEM, base: 'debian-12' as const };
  const both = withSystem(withSystem(undefined, SYSTEM), other);
  expect(both.systems.map(({ base }) => base)).toEqual(['debian-12', 'debian-13']);
  const renewed = withSystem(both, { ...other, architecture: 'arm64' });
  expect(systemOf(renewed, 'debian-13')).toEqual(SYSTEM);
  expect(systemOf(renewed, 'debian-12')?.architecture).toBe('arm64');
});

test.each([
  ['{', /is no lock of packages/],
  ['{"format":2,"systems":[]}', /\/format must be equal to constant/],
  [
    wordLock(withSystem(undefined, SYSTEM)).replace('"5.2"', '"5.2; rm -rf /"'),
    /\/version must match pattern/,
  ],
  [wordLock(withSystem(undefined, SYSTEM)).replace('"bash"', '"-oX=1"'), /\/name must match pattern/],
])('a file that is no lock is refused, naming file and place', (text, sentence) => {
  const file = join(folder, 'broken.lock.json');
  writeFileSync(file, text);
  expect(() => readLock(file)).toThrow(sentence);
  expect(() => readLock(file)).toThrow(file);
});
