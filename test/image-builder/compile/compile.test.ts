import { expect, test } from 'vitest';
import { type CompileOrder, compileCommand, compileKey } from '../../../image-builder/compile/compile.ts';
import { wordCompile } from '../../../image-builder/compile/words.ts';
import { deb } from '../lock/support/locks.ts';

const ORDER: CompileOrder = {
  code: {
    id: 'a'.repeat(40),
    place: 'https://git.example/r',
    commit: 'a'.repeat(40),
    tag: 'mr13.4.1.10',
    write: () => Promise.reject(new Error('nothing is written for a plan')),
  },
  release: {
    codename: 'trixie',
    mirrors: { main: 'http://m.example/debian', security: 'http://m.example/s', signedBy: undefined },
  },
  profiles: [],
  flags: {},
  check: false,
};

test.each<[string, Partial<CompileOrder>]>([
  ['another commit', { code: { ...ORDER.code, id: 'b'.repeat(40) } }],
  ['another base', { release: { ...ORDER.release, codename: 'bookworm' } }],
  ['other parts', { profiles: ['pkg.ngcp-rtpengine.no-transcoding'] }],
  ['other flags', { flags: { CFLAGS: '-O3' } }],
  ['a locked tree', { release: { ...ORDER.release, locked: [deb('gcc', '14')] } }],
  ['the tests of the source', { check: true }],
])('%s is another compile', (_, change) => {
  expect(compileKey({ ...ORDER, ...change })).not.toBe(compileKey(ORDER));
});

test('the same commit from another place is the same compile', () => {
  const code = { ...ORDER.code, place: '/srv/mirror' };
  expect(compileKey({ ...ORDER, code })).toBe(compileKey(ORDER));
});

test('the tests of the source run only when they were asked for', () => {
  const place = { work: '/w', ccache: '/c', lines: [] };
  const hook = (check: boolean) =>
    compileCommand({ ...ORDER, check }, place).find((word) => word.includes('build-debs'));
  expect(hook(true)).toMatch(/ check$/);
  expect(hook(false)).not.toMatch(/ check$/);
});

test('the tree of a compile is kept nowhere', () => {
  const words = compileCommand(ORDER, { work: '/w', ccache: '/c', lines: ['deb copy:/p ./'] });
  expect(words).toContain('--format=null');
  expect(words.slice(words.indexOf('trixie'))).toEqual(['trixie', '-', 'deb copy:/p ./']);
});

test('a plan names tag, commit, place and key before anything is compiled', () => {
  const known = { steps: [{ what: 'compile it', state: 'to be done' }], files: ['/etc/a'] } as const;
  const text = wordCompile(ORDER, known, false);
  for (const word of ['mr13.4.1.10', 'a'.repeat(40), 'https://git.example/r', compileKey(ORDER).slice(0, 16)])
    expect(text).toContain(word);
  expect(text).toMatch(/^hazards {2}.*redis-format/m);
  expect(text).toContain('steps\n  1. compile it  (to be done)\nfiles\n  /etc/a\n');
  expect(JSON.parse(wordCompile(ORDER, known, true))).toMatchObject({
    compile: { version: 'mr13.4.1.10', check: false },
    ...known,
  });
  const { commit: _, tag: __, ...folder } = ORDER.code;
  const foretold = wordCompile({ ...ORDER, code: folder }, { version: 'mr13.4.1.10', steps: [] }, false);
  expect(foretold).toMatch(/^compile {2}mr13\.4\.1\.10, content a{16} from https:\/\/git\.example\/r$/m);
  const unknown = JSON.parse(wordCompile(ORDER, { steps: [] }, true));
  expect(unknown.files).toBeNull();
});
