/** Set-up as its user sees it: a program that says one sentence and ends with 2 when it cannot go on. */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';

function setUp(args: readonly string[], pretend = '') {
  const preload = `data:text/javascript,${encodeURIComponent(pretend)}`;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', preload, 'scripts/setup.mjs', ...args],
    { encoding: 'utf8', env: { PATH: process.env.PATH } },
  );
  return { status, stdout, stderr };
}

const pretend = (object: string, key: string, value: string | number) =>
  `Object.defineProperty(${object}, '${key}', { value: ${JSON.stringify(value)} });`;

describe('setup', () => {
  it('is silent when nothing is missing', () => {
    expect(setUp(['--for', 'rollout'])).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  it.each([[[]], [['--for']], [['--for', 'lunch']], [['demo']]])('does not understand %j', (args) => {
    const { status, stderr } = setUp(args);
    expect(status).toBe(2);
    expect(stderr).toMatch(
      /^setup: I do not understand `.*`\.\n {2}Say for what: node scripts\/setup\.mjs --for demo\|/,
    );
  });

  it('tells an old Node what it needs, before it loads anything else', () => {
    const { status, stderr } = setUp(['--for', 'demo'], pretend('process.versions', 'node', '16.20.2'));
    expect(status).toBe(2);
    expect(stderr).toMatch(/^setup: Node 16\.20\.2 is too old .* 18\.12 /);
  });

  it('tells other systems that it needs Linux', () => {
    const { status, stderr } = setUp(['--for', 'demo'], pretend('process', 'platform', 'darwin'));
    expect(status).toBe(2);
    expect(stderr).toMatch(/^setup: The lab and the image builder need Linux, and this is darwin\.\n {2}\S/);
  });

  it('tells a user without root and sudo how to go on', () => {
    const { status, stderr } = setUp(
      ['--for', 'demo'],
      'process.getuid = () => 1000; process.env.PATH = "/nowhere";',
    );
    expect(status).toBe(2);
    expect(stderr).toMatch(
      /^setup: `demo` starts machines, which takes root, and there is no sudo here\.\n {2}\S/,
    );
  });
});
