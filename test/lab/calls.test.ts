import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { type Caller, type CallerOptions, startCaller } from '../../lab/calls/caller.ts';
import { statistics } from '../../lib/ng/commands.ts';
import { cordonRelay } from '../../lib/relay/cordon.ts';
import { type CallEndedLine, type CallLine, readLines } from '../../rollout/report/call-lines.ts';
import { freshLoopback } from '../support/loopback.ts';
import { findRtpengines, type RunningRtpengine, startRtpengine } from '../support/rtpengine.ts';

const [tree] = findRtpengines();
const stopLater: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const stop of stopLater.splice(0)) await stop();
});

async function startRelays(count: number): Promise<readonly RunningRtpengine[]> {
  if (tree === undefined) throw new Error('no rtpengine here');
  const relays = await Promise.all(
    Array.from({ length: count }, () => startRtpengine(tree, { args: ['--delete-delay=1'] })),
  );
  stopLater.push(...relays.map((relay) => relay.stop));
  return relays;
}

function portsOf(relays: readonly RunningRtpengine[]) {
  return relays.map(({ place }) => ({ host: place.host, port: place.ngPort }));
}

async function call(relays: CallerOptions['relays'], changes: Partial<CallerOptions> = {}) {
  const lines: CallLine[] = [];
  const caller = await startCaller({
    ...{ relays, rate: 4, atLeast: 6, seconds: [1, 3], reInviteShare: 1, pick: 'turn', seed: 11 },
    emit: (line) => lines.push(line),
    ...changes,
  });
  return { caller, lines };
}

async function stopAndSum(caller: Caller) {
  caller.stop();
  return await caller.done;
}

function endedOf(lines: readonly CallLine[]): readonly CallEndedLine[] {
  return lines.filter((line) => line.kind === 'call-ended');
}

describe.skipIf(tree === undefined)('calls through real relays', () => {
  test('go to all relays, with media both ways and a re-INVITE; nothing is lost and no call is left', async () => {
    const relays = await startRelays(2);
    const { caller, lines } = await call(portsOf(relays));
    await sleep(5_000);
    const summary = await stopAndSum(caller);
    expect(summary).toMatchObject({ cut: 0, packetsLost: 0, duplicates: 0, stray: 0, sendErrors: 0 });
    expect(summary.calls).toBeGreaterThan(10);
    expect(summary.reInvites).toBe(summary.calls);
    expect(summary.leastAtOnce).toBeGreaterThanOrEqual(4);
    expect(new Set(endedOf(lines).map(({ relay }) => relay)).size).toBe(2);
    for (const { aToB, bToA, seconds } of endedOf(lines)) {
      expect(aToB.sent).toBeGreaterThan(seconds * 30);
      expect(bToA.received).toBe(bToA.sent);
    }
    await sleep(2_500);
    const left = relays.map((relay) => relay.connect());
    expect(await Promise.all(left.map(async ({ ng }) => (await statistics(ng)).own))).toEqual([0, 0]);
    for (const relay of left) relay.close();
  });

  test('move to the next relay when one is cordoned, while its own calls go on to their end', async () => {
    const relays = await startRelays(2);
    const { caller, lines } = await call(portsOf(relays));
    await sleep(2_000);
    const cordoned = relays[0]?.connect();
    if (cordoned === undefined) throw new Error('no relay');
    await cordonRelay(cordoned);
    cordoned.close();
    const cordonedAt = new Date().toISOString();
    await sleep(4_000);
    const summary = await stopAndSum(caller);
    expect(summary).toMatchObject({ cut: 0, packetsLost: 0 });
    expect(summary.reInvites).toBe(summary.calls);
    const later = endedOf(lines).filter(({ startedAt }) => startedAt > cordonedAt);
    expect(new Set(later.map(({ relay }) => relay))).toEqual(new Set([`${relays[1]?.place.host}:2223`]));
    expect(later.flatMap(({ diverted }) => diverted)).toContainEqual({
      relay: `${relays[0]?.place.host}:2223`,
      because: 'load-limit',
    });
  });

  test('are counted as cut, with every packet that did not arrive, when their relay is gone', async () => {
    const relays = await startRelays(2);
    const { caller, lines } = await call(portsOf(relays), { seconds: [4, 5], reInviteShare: 0 });
    await sleep(2_500);
    await relays[0]?.stop();
    const summary = await stopAndSum(caller);
    const victims = endedOf(lines).filter(({ outcome }) => outcome === 'cut');
    expect(victims.length).toBeGreaterThan(0);
    expect(summary.cut).toBe(victims.length);
    expect(summary.packetsLost).toBeGreaterThan(victims.length * 50);
    for (const victim of victims) {
      expect(victim.relay).toBe(`${relays[0]?.place.host}:2223`);
      expect(victim.lost).toBe(
        victim.aToB.sent + victim.bToA.sent - victim.aToB.received - victim.bToA.received,
      );
    }
  });

  test('find their way round a relay that does not answer at all', async () => {
    const [relay] = await startRelays(1);
    const silent = { host: freshLoopback(), port: 2223 };
    const { caller, lines } = await call([silent, ...portsOf(relay === undefined ? [] : [relay])], {
      ...{ rate: 1, atLeast: 2 },
    });
    await sleep(4_000);
    const summary = await stopAndSum(caller);
    expect(summary).toMatchObject({ cut: 0, packetsLost: 0 });
    expect(summary.diverted).toBeGreaterThan(0);
    expect(endedOf(lines).every((line) => line.relay === `${relay?.place.host}:2223`)).toBe(true);
  });

  test('that find no relay are cut calls', async () => {
    const { caller, lines } = await call([{ host: freshLoopback(), port: 2223 }], { rate: 1, atLeast: 0 });
    await sleep(1_500);
    const summary = await stopAndSum(caller);
    expect(summary.calls).toBeGreaterThan(0);
    expect(summary.cut).toBe(summary.calls);
    expect(endedOf(lines)[0]).toMatchObject({ outcome: 'cut', reason: 'no relay took it', lost: 0 });
  });
});

describe.skipIf(tree === undefined)('the calls command', () => {
  test('SIGTERM: no new calls, the running ones end, the summary is the last line, exit code 0', async () => {
    const [relay] = await startRelays(1);
    const place = `${relay?.place.host}:2223`;
    const child = runCommand([
      '--relays',
      place,
      '--rate',
      '4',
      '--at-least',
      '4',
      '--seconds',
      '2-3',
      '--json',
    ]);
    await sleep(2_500);
    child.process.kill('SIGTERM');
    const told = new Date().toISOString();
    expect(await child.exit).toBe(0);
    const { lines, badLines } = readLines<CallLine>(child.stdout());
    expect(badLines).toBe(0);
    expect(lines[0]).toMatchObject({ kind: 'started', relays: [place] });
    expect(lines.at(-1)).toMatchObject({ kind: 'summary', cut: 0, packetsLost: 0 });
    expect(endedOf(lines).filter(({ startedAt }) => startedAt > told)).toEqual([]);
    expect(endedOf(lines).filter(({ at }) => at > told).length).toBeGreaterThan(0);
  });

  test('exit code 3 when a call was cut', async () => {
    const child = runCommand(['--relays', freshLoopback(), '--rate', '4', '--at-least', '1', '--for', '1']);
    expect(await child.exit).toBe(3);
    expect(child.stdout()).toContain('cut: no relay took it');
  });
});

test.each([
  [['--relays', ''], 'is not host or host:port'],
  [['--relays', '127.0.0.1', '--rate', 'x'], 'must be a number'],
  [['--relays', '127.0.0.1', '--seconds', '20-5'], 'must be two numbers'],
  [[], "required option '--relays"],
])('wrong flags %j: exit code 2, one sentence, no stack trace', async (flags, sentence) => {
  const child = runCommand(flags);
  expect(await child.exit).toBe(2);
  expect(child.stderr()).toContain(sentence);
  expect(child.stderr()).not.toContain('    at ');
});

test('an address that is not one of this machine: one sentence, no calls', async () => {
  const child = runCommand(['--relays', '127.0.0.1', '--from', '192.0.2.1']);
  expect(await child.exit).toBe(3);
  expect(child.stderr()).toContain('no calls can be made from this machine');
});

function runCommand(flags: readonly string[]) {
  const main = new URL('../../lab/calls/main.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [main, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
  const text = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    text.stdout += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    text.stderr += String(chunk);
  });
  stopLater.push(async () => {
    child.kill('SIGKILL');
  });
  return {
    process: child,
    exit: once(child, 'close').then(([code]) => Number(code)),
    stdout: () => text.stdout,
    stderr: () => text.stderr,
  };
}
