/** The command as its users run it. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { stringify } from 'yaml';
import type { Report } from '../../infra/preview/report.ts';
import { fleetFile } from './subject.ts';

// Every run evaluates the program in processes of its own: seconds on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rtpfleet-preview-test-'));
  writeFileSync(join(folder, 'fleet.yaml'), stringify(fleetFile()));
  const hole = { resources: [{ type: 'gcp:compute/firewall:Firewall', name: 'x', inputs: null }] };
  writeFileSync(join(folder, 'hole.json'), JSON.stringify(hole));
});
afterAll(() => rmSync(folder, { recursive: true }));

function preview(...args: readonly string[]) {
  const words = [resolve('infra/preview.ts'), ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { cwd: folder, encoding: 'utf8' });
  return { code: status, out: stdout, err: stderr };
}

const USUAL = ['--fleet', 'fleet.yaml', '--image', 'an-image'];

describe('infra:preview', () => {
  test('shows resources, who reaches what and why, policies and cost, no line too wide', () => {
    const { code, out, err } = preview(...USUAL);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^Stack demo: fleet demo in project my-project, image an-image\n/);
    expect(out).toMatch(
      /compute\/firewall\n(.*\n)* {2}demo-media +allow udp 30000-40000, from 0\.0\.0\.0\/0/,
    );
    expect(out).toMatch(/udp 30000-40000 +everyone \(0\.0\.0\.0\/0\) +demo-relay +RTP and RTCP/);
    expect(out).toMatch(/\nPOLICIES\nAll \d+ kept\n/);
    expect(out).toMatch(/\n *\d+\.\d\d USD {2}2 × e2-standard-4 in us-central1\n/);
    expect(out).not.toMatch(/undefined|\[object/);
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
  });

  test('saved as JSON, and compared with it later: what is the same, and what changed', () => {
    const saved = preview(...USUAL, '--json');
    expect(saved.code).toBe(0);
    const report = JSON.parse(saved.out) as Report;
    expect(report).toMatchObject({ stack: 'demo', fleet: 'demo', image: 'an-image', notes: [] });
    expect(report.policies.every(({ broken }) => broken.length === 0)).toBe(true);
    writeFileSync(join(folder, 'before.json'), saved.out);
    expect(preview(...USUAL, '--against', 'before.json').out).toContain('Nothing, against before.json\n');
    const changed = preview('--fleet', 'fleet.yaml', '--image', 'other-image', '--against', 'before.json');
    expect(changed.out).toMatch(/WHAT CHANGES\n\d changed, 1 replaced, against before\.json\n/);
    expect(changed.code).toBe(0);
    expect(changed.out).toMatch(/ {4}disks\[0\]\.sourceImage: \S+an-image →\s+\S+other-image\n/);
  });

  test('a change that would cut calls: named with what refuses it; exit code 3', () => {
    const large = stringify(fleetFile({ relays: { perZone: 4 } }));
    writeFileSync(join(folder, 'large.yaml'), large);
    const saved = preview('--fleet', 'large.yaml', '--image', 'an-image', '--json');
    writeFileSync(join(folder, 'large.json'), saved.out);
    const { code, out } = preview(...USUAL, '--against', 'large.json');
    expect(code).toBe(3);
    expect(out.replace(/\s+/g, ' ')).toContain(
      '! Pulumi refuses: demo-us-central1-a would delete 3 of its relays, whichever it likes, with their calls ',
    );
  });

  test('compared with the last commit, whose program, settings and fleet file are used', () => {
    const { code, out, err } = preview('--stack', 'lab', '--image', 'an-image', '--against', 'HEAD');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/against HEAD\n/);
  });

  test('says that no image is pinned, and shows the rest', () => {
    const { code, out } = preview('--fleet', 'fleet.yaml');
    expect(code).toBe(0);
    expect(out).toContain('Note: No image is pinned for fleet demo in configs/release.json.');
  });

  test('a broken policy is named with its resource; exit code 3', () => {
    const parts = { name: 'wide', network: { controllerSources: ['0.0.0.0/0'] } };
    writeFileSync(join(folder, 'wide.yaml'), stringify(fleetFile(parts)));
    const { code, out } = preview('--fleet', 'wide.yaml', '--image', 'an-image');
    expect(code).toBe(3);
    expect(out).toContain('✖ only-rtp-is-public: Nothing but RTP is open to the world.\n');
    expect(out).toMatch(/ {4}\S*control: it opens tcp 9900, 9101 to the world\n/);
  });

  test.each<[string, readonly string[], RegExp]>([
    ['no such stack', ['--stack', 'prodd'], /^There is no stack prodd: .*\n {2}Known: .*lab/],
    ['no such fleet file', ['--fleet', 'none.yaml'], /none\.yaml: cannot be read/],
    [
      'nothing to compare with',
      [...USUAL, '--against', 'no-such'],
      /^no-such is neither a file nor a commit/,
    ],
    [
      'an option of git',
      [...USUAL, '--against', '--output=/x'],
      /is neither a file nor a commit|argument missing/,
    ],
    ['a preview with a hole', [...USUAL, '--against', 'hole.json'], /^hole\.json is not a preview/],
    ['a file that is no preview', [...USUAL, '--against', 'fleet.yaml'], /^fleet\.yaml is not a preview/],
    [
      'an image that cannot be',
      ['--fleet', 'fleet.yaml', '--image', 'Not One'],
      /is not the name of a GCE image/,
    ],
    ['an unknown option', ['--nope'], /^unknown option '--nope'/],
    ['a word too many', ['prod'], /^too many arguments/],
  ])('%s: one sentence, exit code 2, nothing printed', (_, args, sentence) => {
    const { code, out, err } = preview(...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(sentence);
    expect(err).not.toContain('    at ');
  });

  test.each([
    ['nobody reads on', '| head -n 1', 0, /^$/],
    ['the disk is full', '> /dev/full', 2, /^The output cannot be written: .*ENOSPC.*\n$/],
  ])('when %s: no stack trace, and the exit code says so', (_, to, code, err) => {
    const command = `set -o pipefail; "$0" "$@" ${to}`;
    const words = ['-c', command, process.execPath, resolve('infra/preview.ts'), ...USUAL, '--json'];
    const { status, stderr } = spawnSync('bash', words, { cwd: folder, encoding: 'utf8' });
    expect(status).toBe(code);
    expect(stderr).toMatch(err);
  });

  test('--against a commit where no temporary file can be made says where', () => {
    const words = [resolve('infra/preview.ts'), ...USUAL, '--against', 'HEAD'];
    const env = { ...process.env, TMPDIR: '/nonexistent' };
    const { status, stderr } = spawnSync(process.execPath, words, { cwd: folder, env, encoding: 'utf8' });
    expect(status).toBe(2);
    expect(stderr).toMatch(/^\/nonexistent: .*\n {2}Name another folder .*TMPDIR/);
  });

  test('--help has examples and exit codes', () => {
    const { code, out } = preview('--help');
    expect(code).toBe(0);
    expect(out).toContain('pnpm infra:preview --stack prod --against main');
    expect(out).toContain('3 a policy is broken');
  });
});
