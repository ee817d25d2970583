import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startRedis } from '../../support/redis-server.ts';
import { findRtpengines, type RunningRtpengine, startRtpengine } from '../../support/rtpengine.ts';
import { healthWith } from '../support/health.ts';

const PASSWORD = 'open-sesame';
const [tree] = findRtpengines();

let rtpengine: RunningRtpengine;
let open: string;
let guarded: string;
const servers: ChildProcess[] = [];
const folder = mkdtempSync(join(tmpdir(), 'rtpfleet-redis-'));

async function openRedis(...args: readonly string[]): Promise<string> {
  const { host, port, child } = await startRedis({ dir: folder, args: ['--port', '{port}', ...args] });
  servers.push(child);
  return `${host}:${port}`;
}

function conf(redis?: string, required = true): readonly string[] {
  const { host } = rtpengine.place;
  const ports = [`listen-ng = ${host}:2223`, `listen-cli = ${host}:2224`, 'table = -1'];
  if (redis === undefined) return ports;
  return [...ports, `redis = ${redis}`, `no-redis-required = ${!required}`];
}

describe.skipIf(tree === undefined)('rtpfleet-health, of a real RTPEngine', () => {
  beforeAll(async () => {
    if (tree === undefined) return;
    rtpengine = await startRtpengine(tree);
    open = await openRedis();
    guarded = await openRedis('--requirepass', PASSWORD);
  });
  afterAll(async () => {
    for (const server of servers) server.kill();
    await rtpengine?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('is good when the service runs and both ports answer', async () => {
    const { exitCode, ok, checks } = await healthWith(conf());
    expect({ exitCode, ok }).toEqual({ exitCode: 0, ok: true });
    expect(checks.map((check) => [check.name, check.ok])).toEqual([
      ['service', true],
      ['ng', true],
      ['cli', true],
    ]);
  });

  test('is bad when the unit is not active, whatever answers', async () => {
    const { exitCode, checks } = await healthWith(conf(), 'failed');
    expect(exitCode).toBe(1);
    expect(checks[0]).toEqual({ name: 'service', ok: false, detail: 'failed' });
  });

  test.each([
    ['listen-ng = 127.0.0.1:9', 'ng', 'no pong from 127.0.0.1:9'],
    ['listen-cli = 127.0.0.1:9', 'cli', 'no answer'],
  ])('is bad when %s is where nobody answers', async (line, name, detail) => {
    // Of two lines the last one counts.
    const { exitCode, checks } = await healthWith([...conf(), line]);
    expect(exitCode).toBe(1);
    expect(checks).toContainEqual({ name, ok: false, detail });
  });

  test.each<[string, () => string, string]>([
    ['that is there', () => `${open}/5`, ''],
    ['with the right password', () => `${PASSWORD}@${guarded}/5`, ''],
    ['that needs no password and gets one', () => `${PASSWORD}@${open}/5`, ''],
  ])('is good with a Redis %s', async (_, redis) => {
    const { exitCode, checks } = await healthWith(conf(redis()));
    expect(exitCode).toBe(0);
    expect(checks.at(-1)).toEqual({
      name: 'redis',
      ok: true,
      detail: expect.stringMatching(/^pong from 127(\.\d+){3}:\d+$/),
    });
  });

  test.each<[string, () => string, RegExp]>([
    ['that is not there', () => '127.0.0.1:9/5', /no answer/],
    ['with a wrong password', () => `wrong-word@${guarded}/5`, /WRONGPASS/],
    ['that needs a password and gets none', () => `${guarded}/5`, /NOAUTH/],
  ])('is bad with a Redis %s, says why, and does not tell the password', async (_, redis, why) => {
    const { exitCode, checks, text } = await healthWith(conf(redis()));
    expect(exitCode).toBe(1);
    expect(checks.at(-1)).toMatchObject({ name: 'redis', ok: false, detail: expect.stringMatching(why) });
    expect(text).not.toMatch(/wrong-word|open-sesame/);
  });

  test('of a relay that can do without its Redis is good all the same, and says so', async () => {
    const { exitCode, ok, checks } = await healthWith(conf('127.0.0.1:9/5', false));
    expect({ exitCode, ok }).toEqual({ exitCode: 0, ok: true });
    expect(checks.at(-1)).toMatchObject({ ok: false, detail: expect.stringContaining('calls go on') });
  });
});

describe('rtpfleet-health, of floating addresses', () => {
  const NOBODY = ['listen-ng = 127.0.0.1:9', 'listen-cli = 127.0.0.1:9'];
  const HERE = [...NOBODY, 'interface = f10-0-0-5/10.0.0.5;f10-0-0-50/10.0.0.50'];

  test.each<[string, readonly string[] | undefined, readonly string[], boolean, RegExp]>([
    ['are its own', ['10.0.0.5', '10.0.0.50'], ['10.0.0.7', '10.0.0.50', '10.0.0.5'], true, /^every address/],
    ['are elsewhere', [], ['10.0.0.7'], true, /^every address/],
    ['are forwarded, but not its own', ['10.0.0.5', '10.0.0.50'], ['10.0.0.50'], false, / 10\.0\.0\.5$/],
    ['are not known', undefined, ['10.0.0.5'], false, /metadata server/],
  ])('that %s', async (_, forwarded, local, ok, detail) => {
    const { checks } = await healthWith(HERE, 'active', undefined, { forwarded, local });
    expect(checks.at(-1)).toEqual({ name: 'floating', ok, detail: expect.stringMatching(detail) });
  });

  test('says nothing of a relay without one', async () => {
    const { checks } = await healthWith([...NOBODY, 'interface = 10.0.0.7']);
    expect(checks.map(({ name }) => name)).not.toContain('floating');
  });
});

describe('rtpfleet-health, of forwarding in the kernel', () => {
  const NOBODY = ['listen-ng = 127.0.0.1:9', 'listen-cli = 127.0.0.1:9', 'table = 0'];

  test.each<[string, boolean, number | undefined, boolean, RegExp]>([
    ['is active', false, 0, true, /^active, table 0$/],
    ['is active, and has to be', true, 0, true, /^active, table 0, required$/],
    ['is not active', false, undefined, true, /^inactive: .*; RTP is forwarded in user space$/],
    ['is not active, and has to be', true, undefined, false, /^inactive: .*[^,;]$/],
  ])('that %s', async (_, required, table, ok, detail) => {
    const { checks } = await healthWith([...NOBODY, `no-fallback = ${required}`], 'active', table);
    expect(checks.at(-1)).toEqual({ name: 'kernel', ok, detail: expect.stringMatching(detail) });
  });
});
