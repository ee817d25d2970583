/** Commands beside a rollout, against the lab's real endpoint and real RTPEngine processes. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { deleteCall, offer } from '../../lib/ng/commands.ts';
import { readMaxSessions } from '../../lib/relay/cordon.ts';
import { openRelay } from '../../lib/relay/relay.ts';
import { findRtpengines } from '../support/rtpengine.ts';
import { openRtpengineFleet, type RtpengineFleet } from '../support/rtpengine-fleet.ts';

const [tree] = findRtpengines();
const OLD = 'rtpengine-mr10-5-3-5-debian-12-aaaaaaaa';
const NEW = 'rtpengine-mr12-5-1-31-debian-13-bbbbbbbb';

let fleet: RtpengineFleet | undefined;
afterEach(async () => {
  await fleet?.close();
  fleet = undefined;
});

type Opened = RtpengineFleet & {
  readonly names: readonly string[];
  readonly say: (...args: readonly string[]) => Promise<{ code: number | null; out: string; err: string }>;
};

async function openFleet(): Promise<Opened> {
  if (tree === undefined) throw new Error('no rtpengine here');
  const opened = await openRtpengineFleet(tree, OLD);
  fleet = opened;
  const names = opened.booted.map((line) => line.split(' ')[0] ?? '').toSorted();
  const say: Opened['say'] = (...args) => {
    const words = ['rollout/cli.ts', ...args, '--fleet', opened.fleetFile, '--endpoint', opened.endpoint];
    const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    const said = { out: '', err: '' };
    child.stdout.on('data', (text) => {
      said.out += text;
    });
    child.stderr.on('data', (text) => {
      said.err += text;
    });
    return new Promise((resolve) => child.on('close', (code) => resolve({ code, ...said })));
  };
  return { ...opened, names, say };
}

/** Leaves a call that rings on the relay at this address. */
async function ring(host: string, callId: string): Promise<void> {
  const relay = openRelay({ name: host, host, ngPort: 2223, cliPort: 2224 });
  const sdp = `v=0\r\no=- 1 1 IN IP4 ${host}\r\ns=-\r\nc=IN IP4 ${host}\r\nt=0 0\r\nm=audio 2000 RTP/AVP 0\r\n`;
  await offer(relay.ng, { callId, fromTag: 'a' }, sdp);
  relay.close();
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(50);
}

describe.skipIf(tree === undefined)('beside a rollout', () => {
  test('sessions lists each call and why it holds its relay; verify finds what is wrong and says what to do', async () => {
    const { names, addresses, say, want } = await openFleet();
    const [first = '', second = ''] = names;
    const [host = ''] = await addresses();
    expect(await say('verify')).toMatchObject({ code: 0, out: 'Nothing is wrong: 3 relays in 3 zones.\n' });
    expect(await say('sessions')).toMatchObject({ code: 0, out: '0 calls on 3 relays\n' });
    await ring(host, 'ringing@test');
    const listed = await say('sessions', first, '--json');
    expect(listed.code).toBe(0);
    expect(JSON.parse(listed.out).relays).toMatchObject([
      { relay: first, calls: [{ callId: 'ringing@test', foreign: false, ending: false, empty: false }] },
    ]);
    expect((await say('sessions')).out).toMatch(
      new RegExp(`${first} +\\d+ s +.* own +no +no +ringing@test +no packet has come yet`),
    );
    expect(await say('sessions', 'nobody')).toMatchObject({ code: 2 });
    expect(await say('cordon', second)).toMatchObject({ code: 0 });
    await want(NEW);
    const verified = await say('verify', '--json');
    expect(verified.code).toBe(3);
    const kinds = JSON.parse(verified.out).findings.map(
      ({ kind, relay, zone }: Record<string, string>) => `${kind} ${relay ?? zone?.at(-1)}`,
    );
    expect(kinds).toEqual([
      'dark-zone b',
      ...names.flatMap((name) => [...(name === second ? [`cordoned ${name}`] : []), `off-target ${name}`]),
    ]);
    expect((await say('verify')).out).toContain(`Take it back: rollout uncordon ${second}`);
  });

  test('a run is paused, resumed and aborted from another shell; its relays take calls as before', async () => {
    const { names, addresses, say, want, folder, gce } = await openFleet();
    const [first = ''] = names;
    const [host = ''] = await addresses();
    const none = await say('pause');
    expect(none).toMatchObject({ code: 2, out: '' });
    expect(none.err).toContain('No rollout of the fleet test is on.');
    await ring(host, 'long@test');
    await want(NEW);
    expect(await say('skip', names[2] ?? '', '--because', 'a trunk is tested')).toMatchObject({ code: 0 });
    const journal = join(folder, 'wish.jsonl');
    const run = say('--drain', '--json', '--journal', journal);
    await until(async () => (await readFile(journal, 'utf8').catch(() => '')).includes('"1 call left"'));
    expect((await say('pause')).out).toContain('drains in hand go on, nothing new is begun (told through ');
    expect((await say('pause')).out).toContain('pause was asked already, by ');
    expect((await say('status')).out).toContain('skip by ');
    expect(await say('abort', '--uncordon')).toMatchObject({ code: 0 });
    const { code, out } = await run;
    expect(code).toBe(5);
    const events = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events.filter(({ kind }) => kind === 'wish').map((event) => event.wish)).toEqual([
      'pause',
      'abort',
    ]);
    expect(events.at(-1)).toMatchObject({
      result: 'aborted',
      because: expect.stringContaining('aborted by'),
    });
    expect(existsSync(`${journal}.wish`)).toBe(false);
    const relay = openRelay({ name: first, host, ngPort: 2223, cliPort: 2224 });
    expect(await readMaxSessions(relay)).toBe(-1);
    relay.close();
    const vm = await gce.call('instances', 'get', { zone: 'us-central1-a', instance: first });
    expect(Object.keys(vm.labels ?? {}).filter((key) => key.includes('cordon'))).toEqual([]);
  });

  test('a call that nobody answers is reaped; a relay that a person forces is replaced with its calls', async () => {
    const { names, addresses, say, want, folder, booted } = await openFleet();
    const [, second = '', third = ''] = names;
    const [a = '', b = ''] = await addresses();
    await ring(a, 'reaped@test');
    await want(NEW);
    for (const name of [second, third]) expect((await say('skip', name)).code).toBe(0);
    const reap = ['--tail', 'reap', '--reap-after-seconds', '0', '--reap-silent-seconds', '10'];
    const reaped = await say('--drain', '--json', ...reap);
    expect(reaped.code).toBe(0);
    expect(reaped.out).toContain('they read back 10 and 10');
    await ring(b, 'cut@test');
    expect((await say('force', second, '--yes')).err).toContain(
      'it is not cordoned, so new calls would come',
    );
    expect((await say('unhold', second)).code).toBe(0);
    const journal = join(folder, 'force.jsonl');
    const told = async () => await readFile(journal, 'utf8').catch(() => '');
    const run = say('--drain', '--journal', journal);
    await until(async () => (await told()).includes('"1 call left"'));
    expect(await say('force', second)).toMatchObject({ code: 2, out: expect.stringContaining('cut@test') });
    expect((await say('force', second, '--yes')).code).toBe(0);
    expect((await run).code).toBe(0);
    expect(await told()).toContain('"detail":"1 call cut: cut@test"');
    expect(booted).toHaveLength(5);
  });

  test('drain waits by hand until a relay is empty, and replaces nothing', async () => {
    const { names, addresses, say, booted } = await openFleet();
    const [first = ''] = names;
    const [host = ''] = await addresses();
    await ring(host, 'long@test');
    const drain = say('drain', first);
    const relay = openRelay({ name: first, host, ngPort: 2223, cliPort: 2224 });
    await until(async () => (await readMaxSessions(relay)) === 0);
    await deleteCall(relay.ng, { callId: 'long@test', delaySeconds: 0 });
    expect(await drain).toMatchObject({
      code: 0,
      out: expect.stringContaining('is empty and stays cordoned'),
    });
    expect(await readMaxSessions(relay)).toBe(0);
    relay.close();
    expect(booted).toHaveLength(3);
  });
});
