import { describe, expect, test } from 'vitest';
import { failedTests, tellingLines } from '../../../image-builder/compile/failure.ts';

test('what the compiler said is shown, not what followed from it', () => {
  const log = [
    'cc -Wall -Werror=format-security -c -o main.o main.c',
    'main.c: In function ‘main’:',
    'main.c:8:10: error: ‘x’ undeclared (first use in this function)',
    'main.c:8:10: note: each undeclared identifier is reported only once',
    'make[1]: *** [Makefile:13: main.o] Error 1',
    'dh_auto_build: error: make -j2 returned exit code 2',
    'dpkg-buildpackage: error: debian/rules binary subprocess returned exit status 2',
  ].join('\n');
  expect(tellingLines(log)).toEqual(['main.c:8:10: error: ‘x’ undeclared (first use in this function)']);
});

test.each([
  [
    'the linker',
    "x.c:(.text+0x1): undefined reference to `f'\ncollect2: error: ld returned 1 exit status",
    /^x\.c/,
  ],
  ['apt', 'Reading package lists...\nE: Unable to satisfy dependencies.', /^E: Unable/],
  ['a test', 'ok 1\nnot ok 2 - offer\nmake[2]: *** [Makefile:3: check] Error 1', /^not ok 2/],
  ['a program that is absent', '/bin/sh: 1: gperf: not found', /gperf: not found/],
])('%s is heard', (_, log, line) => {
  expect(tellingLines(log)[0]).toMatch(line);
});

test('many errors are cut short and counted', () => {
  const log = Array.from({ length: 40 }, (_, n) => `a.c:${n}:1: error: bad`).join('\n');
  const lines = tellingLines(log);
  expect(lines).toHaveLength(13);
  expect(lines.at(-1)).toBe('… and 28 more');
});

test('a log that tells nothing shows its end; flags that are called like errors do not count', () => {
  const log = ['cc -Werror=format a.c', ...Array.from({ length: 30 }, (_, n) => `line ${n}`)].join('\n');
  expect(tellingLines(log).at(-1)).toBe('line 29');
  expect(tellingLines(log)).toHaveLength(12);
  expect(tellingLines('')).toEqual([]);
});

test('make’s word about a test does not hide which test it was', () => {
  const log = [
    'ok 101 - 0x1234 byte count',
    'not ok 102 - 0x1234 MOS',
    'make[2]: *** [Makefile:242: daemon-tests-measure-rtp] Error 2',
    'dh_auto_test: error: make -j2 check returned exit code 2',
  ].join('\n');
  expect(tellingLines(log)[0]).toBe('not ok 102 - 0x1234 MOS');
});

describe('of a source’s own tests', () => {
  const log = [
    './auto-test-helper "daemon-tests-main" perl -I../perl auto-daemon-tests.pl',
    'not ok 1 - that is expected',
    'ok 2 - offer',
    './auto-test-helper "daemon-tests-jb" perl -I../perl auto-daemon-tests-jb.pl',
    'recv timed out at AutoTest.pm line 118.',
    'make[2]: *** [Makefile:166: daemon-tests-jb] Error 255',
    './auto-test-helper "daemon-tests-stats" perl -I../perl auto-daemon-tests-stats.pl',
    'make[2]: *** [Makefile:190: daemon-tests-stats] Error 1',
    "make[2]: Target 'daemon-tests' not remade because of errors.",
    'make[1]: *** [Makefile:82: check] Error 2',
  ];

  test('those are named that failed, each with what it said', () => {
    expect(failedTests(log.join('\n'))).toEqual([
      'daemon-tests-jb: recv timed out at AutoTest.pm line 118.',
      'daemon-tests-stats: it says nothing else',
    ]);
  });

  test('that are no targets of upstream’s, what they said is shown', () => {
    expect(failedTests('not ok 1 - a check\nmake[1]: *** [Makefile:22: check] Error 1')[0]).toBe(
      'not ok 1 - a check',
    );
  });
});
