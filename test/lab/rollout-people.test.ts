/** What people and their programs say to a whole run, and hear of it: webhooks, a prompt, a refusal. Real RTPEngine processes. */
import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { offer } from '../../lib/ng/commands.ts';
import { openRelay } from '../../lib/relay/relay.ts';
import type { RolloutEvent } from '../../rollout/core/events.ts';
import { findRtpengines } from '../support/rtpengine.ts';
import { openRtpengineFleet, type RtpengineFleet } from '../support/rtpengine-fleet.ts';

const [tree] = findRtpengines();
const OLD = 'rtpengine-mr10-5-3-5-debian-12-aaaaaaaa';
const NEW = 'rtpengine-mr12-5-1-31-debian-13-bbbbbbbb';

const closeLater: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closeLater.splice(0).toReversed()) await close();
});

async function openFleet(hooks = ''): Promise<RtpengineFleet> {
  if (tree === undefined) throw new Error('no rtpengine here');
  const fleet = await openRtpengineFleet(tree, OLD);
  closeLater.push(fleet.close);
  const file = await readFile(fleet.fleetFile, 'utf8');
  await writeFile(fleet.fleetFile, file.replace('gatePackets: 25', `gatePackets: 25${hooks}`));
  return fleet;
}

type Told = { readonly code: number | null; readonly out: string; readonly err: string };

/** `typed`: what a person types at a terminal once it asks; without it there is no terminal. */
async function say(fleet: RtpengineFleet, args: readonly string[], typed?: string): Promise<Told> {
  const words = [process.execPath, 'rollout/cli.ts', ...args, '--fleet', fleet.fleetFile];
  const line = [...words, '--endpoint', fleet.endpoint];
  const [program = '', ...rest] =
    typed === undefined ? line : ['script', '-qefc', line.join(' '), '/dev/null'];
  const child = spawn(program, rest, { stdio: ['pipe', 'pipe', 'pipe'] });
  const said = { out: '', err: '' };
  child.stdout.on('data', (text) => {
    said.out += text;
    if (typed !== undefined && String(text).includes('to go on: ')) child.stdin.write(typed);
  });
  child.stderr.on('data', (text) => {
    said.err += text;
  });
  if (typed === undefined) child.stdin.end();
  return await new Promise((resolve) => child.on('close', (code) => resolve({ code, ...said })));
}

type Asked = { readonly url: string; readonly body: Record<string, unknown> };

/** A web server that answers as it is told. */
async function receiver(answer: (asked: Asked, times: number, response: ServerResponse) => void) {
  const heard: Asked[] = [];
  const server = createServer(async (request: IncomingMessage, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const asked = { url: request.url ?? '', body: JSON.parse(Buffer.concat(parts).toString()) };
    heard.push(asked);
    answer(asked, heard.length, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  closeLater.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${port}`, heard };
}

async function journalOf(file: string): Promise<readonly RolloutEvent[]> {
  const lines = (await readFile(file, 'utf8').catch(() => '')).trimEnd().split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as RolloutEvent);
}

/** Why the whole run waited, but for answers that were still out. */
const waits = (events: readonly RolloutEvent[]) =>
  events
    .flatMap((event) => (event.kind === 'hold' && event.relay === undefined ? [event.because] : []))
    .filter((because) => !because.startsWith('the gates are asked about'));

describe.skipIf(tree === undefined)('a whole run', () => {
  test('waits for a gate that hangs or answers rubbish, goes on once it agrees, and tells who wants to hear', async () => {
    const go = '{"decision":"go"}';
    const hangs = await receiver((_, times, response) => void (times > 1 && response.end(go)));
    const babbles = await receiver((_, times, response) => response.end(times > 1 ? go : '<html>?</html>'));
    const ear = await receiver((_, __, response) => response.end('ok'));
    const fleet = await openFleet(
      `, hooks: { gates: ["${babbles.url}/may", "${hangs.url}/may"], notify: ["${ear.url}/hook?secret=1", "http://127.0.0.1:9/down"], timeoutSeconds: 1 }`,
    );
    await fleet.want(NEW);
    const journal = join(fleet.folder, 'gates.jsonl');
    const { code, out } = await say(fleet, ['--drain', '--json', '--journal', journal]);
    expect(code).toBe(0);
    const events = await journalOf(journal);
    expect(
      out
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(events);
    expect(waits(events)).toEqual([
      expect.stringMatching(/^the gate 127\.0\.0\.1:\d+ does not answer: .*JSON/),
    ]);
    const first = events.find(({ kind }) => kind === 'action-decided');
    expect(first).toMatchObject({ action: 'cordon' });
    expect(hangs.heard[0]?.body).toMatchObject({ kind: 'may-cordon', fleet: 'test', run: first?.run });
    // Asked for each of the three relays, for the first one twice.
    expect([babbles.heard.length, hangs.heard.length]).toEqual([4, 4]);
    const texts = ear.heard.map(({ body }) => String(body.text));
    expect(texts[0]).toMatch(/^rtpfleet test:\n.* rollout of fleet test by /);
    expect(texts.at(-1)).toMatch(/done after \d+ s: 3 of 3 relays run mr12\.5\.1\.31/);
    const failed = events.filter((event) => event.kind === 'notify-failed');
    expect(failed).toHaveLength(texts.length);
    expect(failed[0]).toMatchObject({ to: '127.0.0.1:9' });
  });

  test('a gate that says no ends it before a relay is touched', async () => {
    const gate = await receiver((_, __, response) =>
      response.end('{"decision":"no","because":"the trunk is down"}'),
    );
    const fleet = await openFleet(`, hooks: { gates: ["${gate.url}/may"] }`);
    await fleet.want(NEW);
    const { code, out } = await say(fleet, ['--drain', '--journal', join(fleet.folder, 'no.jsonl')]);
    expect(code).toBe(3);
    expect(out).toMatch(/halted after \d+ s: the gate 127\.0\.0\.1:\d+ says no: the trunk is down/);
    expect(fleet.booted).toHaveLength(3);
  });

  test('is refused before it touches a relay when an image could not be booted: told in journal, notification, status, plan and report', async () => {
    const ear = await receiver((_, __, response) => response.end('ok'));
    const fleet = await openFleet(`, hooks: { notify: ["${ear.url}/"] }`);
    await fleet.want(NEW);
    const deprecationStatusResource = { state: 'OBSOLETE' };
    await fleet.gce.done(
      await fleet.gce.call('images', 'deprecate', { image: NEW, deprecationStatusResource }),
    );
    const zone = 'us-central1-b';
    const instanceGroupManagerResource = { updatePolicy: { replacementMethod: 'SUBSTITUTE' } };
    const ref = { zone, instanceGroupManager: `test-${zone}` };
    await fleet.gce.done(
      await fleet.gce.call('instanceGroupManagers', 'patch', { ...ref, instanceGroupManagerResource }),
    );
    const says = `The image ${NEW} of template ${NEW} is OBSOLETE, so that no VM can be made from it.`;
    const planned = await say(fleet, ['plan']);
    expect(planned).toMatchObject({
      code: 3,
      out: expect.stringContaining(`a run would be refused: ${says}`),
    });
    const journal = join(fleet.folder, 'refused.jsonl');
    const { code, out } = await say(fleet, ['--drain', '--journal', journal]);
    expect(code).toBe(2);
    expect(out).toMatch(/refused after \d+ s: 2 things are in its way/);
    for (const words of [says, 'test-us-central1-b in us-central1-b replaces by SUBSTITUTE', 'pulumi up'])
      expect(out).toContain(words);
    const events = await journalOf(journal);
    expect(events.map(({ kind }) => kind)).toEqual(['locked', 'run-started', 'foreseen', 'run-ended']);
    expect(events.at(-1)).toMatchObject({ result: 'refused', code: 'preflight', reasons: [{}, {}] });
    expect(String(ear.heard.at(-1)?.body.text)).toContain(says);
    const reported = await say(fleet, ['report', journal, '--out', fleet.folder]);
    expect(reported).toMatchObject({
      code: 3,
      out: expect.stringContaining(`The rollout was refused: ${says}`),
    });
    expect(fleet.booted).toHaveLength(3);
  });

  test('a person at a terminal is asked before a relay is forced; anything but its name changes nothing', async () => {
    const fleet = await openFleet();
    const [host = ''] = await fleet.addresses();
    const name = fleet.booted.map((line) => line.split(' ')[0] ?? '').toSorted()[0] ?? '';
    const relay = openRelay({ name: host, host, ngPort: 2223, cliPort: 2224 });
    const sdp = `v=0\r\no=- 1 1 IN IP4 ${host}\r\ns=-\r\nc=IN IP4 ${host}\r\nt=0 0\r\nm=audio 2000 RTP/AVP 0\r\n`;
    await offer(relay.ng, { callId: 'cut@test', fromTag: 'a' }, sdp);
    relay.close();
    await fleet.want(NEW);
    expect((await say(fleet, ['cordon', name])).code).toBe(0);
    const forced = async () => {
      const vm = await fleet.gce.call('instances', 'get', { zone: 'us-central1-a', instance: name });
      return Object.keys(vm.labels ?? {}).some((key) => key.includes('force'));
    };
    for (const typed of ['yes\n', '\u0004']) {
      const { code, out } = await say(fleet, ['force', name], typed);
      expect({ typed, code, out }).toMatchObject({ code: 2, out: expect.stringContaining('cut@test') });
      expect(out).toContain('This call is cut.');
      expect(out).toContain('Not confirmed; nothing was changed');
      expect(out).not.toContain('    at ');
    }
    expect(await forced()).toBe(false);
    expect((await say(fleet, ['force', name], `${name}\n`)).code).toBe(0);
    expect(await forced()).toBe(true);
    expect((await say(fleet, ['force', name, '--undo'])).code).toBe(0);
    expect(await forced()).toBe(false);
  });

  test('whose reader is gone goes on to its end', async () => {
    const fleet = await openFleet();
    await fleet.want(NEW);
    const journal = join(fleet.folder, 'alone.jsonl');
    const words = ['rollout/cli.ts', '--drain', '--journal', journal, '--fleet', fleet.fleetFile];
    const child = spawn(process.execPath, [...words, '--endpoint', fleet.endpoint], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    child.stdout.once('data', () => child.stdout.destroy());
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect(code).toBe(0);
    expect((await journalOf(journal)).at(-1)).toMatchObject({ kind: 'run-ended', result: 'done' });
  });
});
