/** The rollout's own command line against the lab's real endpoint, real RTPEngine processes and live calls. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, test } from 'vitest';
import { type Caller, startCaller } from '../../lab/calls/caller.ts';
import { cordonRelay } from '../../lib/relay/cordon.ts';
import { openRelay } from '../../lib/relay/relay.ts';
import type { RolloutEvent } from '../../rollout/core/events.ts';
import type { CallLine } from '../../rollout/report/call-lines.ts';
import { findRtpengines } from '../support/rtpengine.ts';
import { openRtpengineFleet, type RtpengineFleet } from '../support/rtpengine-fleet.ts';

const [tree] = findRtpengines();
const OLD = 'rtpengine-mr10-5-3-5-debian-12-aaaaaaaa';
const NEW = 'rtpengine-mr12-5-1-31-debian-13-bbbbbbbb';

const closeLater: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closeLater.splice(0).toReversed()) await close();
});

async function openFleet(): Promise<RtpengineFleet> {
  if (tree === undefined) throw new Error('no rtpengine here');
  const fleet = await openRtpengineFleet(tree, OLD);
  closeLater.push(fleet.close);
  return fleet;
}

async function startCalls(fleet: RtpengineFleet): Promise<Caller & { readonly lines: readonly CallLine[] }> {
  const lines: CallLine[] = [];
  const relays = (await fleet.addresses()).map((host) => ({ host, port: 2223 }));
  const options = {
    rate: 5,
    atLeast: 12,
    seconds: [2, 6] as const,
    reInviteShare: 0.5,
    pick: 'turn' as const,
    seed: 5,
  };
  const caller = await startCaller({ ...options, relays, emit: (line) => void lines.push(line) });
  closeLater.push(async () => {
    caller.hangUp();
    await caller.done;
  });
  return { ...caller, lines };
}

type Run = {
  readonly child: ChildProcess;
  readonly events: readonly RolloutEvent[];
  readonly ended: Promise<{ readonly code: number | null; readonly err: string }>;
};

let runs = 0;

/** `onEvent` sees each event the moment it is printed. */
function rollout(
  fleet: RtpengineFleet,
  args: readonly string[],
  onEvent?: (event: RolloutEvent, run: Run) => void,
): Run {
  runs += 1;
  const words = ['rollout/cli.ts', ...args, '--fleet', fleet.fleetFile, '--endpoint', fleet.endpoint];
  const journal = args[0]?.startsWith('--')
    ? ['--json', '--journal', join(fleet.folder, `run${runs}.jsonl`)]
    : [];
  const child = spawn(process.execPath, [...words, ...journal], { stdio: ['ignore', 'pipe', 'pipe'] });
  const events: RolloutEvent[] = [];
  let err = '';
  child.stderr.on('data', (text) => {
    err += text;
  });
  const ended = new Promise<{ code: number | null; err: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, err }));
  });
  const run = { child, events, ended };
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (!line.startsWith('{"v"')) return;
    const event = JSON.parse(line) as RolloutEvent;
    events.push(event);
    onEvent?.(event, run);
  });
  return run;
}

const done = ({ events }: Run) =>
  events.flatMap((event) =>
    event.kind === 'action-done' ? [`${event.relay.zone.at(-1)} ${event.action}`] : [],
  );

const WHOLE = ['a', 'b', 'c'].flatMap((zone) =>
  ['cordon', 'replace', 'admit'].map((action) => `${zone} ${action}`),
);

async function settle(fleet: RtpengineFleet, calls: Caller) {
  calls.stop();
  const summary = await calls.done;
  expect(fleet.booted).toHaveLength(6);
  // Nothing is left that would cordon a relay at its next boot.
  for (const zone of ['us-central1-a', 'us-central1-b', 'us-central1-c']) {
    const group = { zone, instanceGroupManager: `test-${zone}` };
    expect(await fleet.gce.call('instanceGroupManagers', 'listPerInstanceConfigs', group)).toEqual([]);
    const [vm] = await fleet.gce.call('instances', 'list', { zone });
    const admission = vm?.metadata?.items?.find(({ key }) => key === 'rtpfleet-admission');
    expect(admission?.value).toBe('self');
  }
  return summary;
}

describe.skipIf(tree === undefined)('rollout --drain with live calls', () => {
  test('replaces every relay, zone by zone; no call is cut and no packet lost', async () => {
    const fleet = await openFleet();
    const calls = await startCalls(fleet);
    await fleet.want(NEW);
    const run = rollout(fleet, ['--drain']);
    expect(await run.ended).toEqual({ code: 0, err: '' });
    expect(done(run)).toEqual(WHOLE);
    const summary = await settle(fleet, calls);
    expect(summary).toMatchObject({ cut: 0, packetsLost: 0 });
    expect(summary.calls).toBeGreaterThan(30);
    const journal = (await readFile(join(fleet.folder, `run${runs}.jsonl`), 'utf8')).trimEnd().split('\n');
    expect(journal.map((line) => JSON.parse(line))).toEqual(run.events);
    expect(run.events.at(-1)).toMatchObject({ kind: 'run-ended', result: 'done' });
    const again = rollout(fleet, ['--drain']);
    expect(await again.ended).toEqual({ code: 0, err: '' });
    expect(done(again)).toEqual([]);
  });

  test('killed with -9 at any step and run again: still nothing cut', async () => {
    const fleet = await openFleet();
    const calls = await startCalls(fleet);
    await fleet.want(NEW);
    const kills = ['cordon', 'replace', 'replace', 'admit', 'admit', 'cordon'] as const;
    for (const [index, action] of kills.entries()) {
      const kind = index % 2 === 0 ? 'action-decided' : 'action-done';
      const run = rollout(fleet, ['--drain'], (event, { child }) => {
        if (event.kind === kind && event.action === action) child.kill('SIGKILL');
      });
      await run.ended;
    }
    const last = rollout(fleet, ['--drain']);
    expect((await last.ended).code).toBe(0);
    expect(await settle(fleet, calls)).toMatchObject({ cut: 0, packetsLost: 0 });
  });

  test('Ctrl-C ends it with 130 and leaves relays as they are; a second rollout meanwhile is refused with 4', async () => {
    const fleet = await openFleet();
    const calls = await startCalls(fleet);
    await fleet.want(NEW);
    let second: Run | undefined;
    const run = rollout(fleet, ['--drain'], (event, { child }) => {
      if (event.kind !== 'action-done' || second !== undefined) return;
      second = rollout(fleet, ['--drain']);
      void second.ended.then(() => child.kill('SIGINT'));
    });
    expect((await run.ended).code).toBe(130);
    const refused = await second?.ended;
    expect(refused?.code).toBe(4);
    expect(refused?.err).toContain('Another rollout of this fleet is on');
    expect(run.events.at(-1)).toMatchObject({ kind: 'run-ended', result: 'interrupted' });
    expect((await rollout(fleet, ['--drain']).ended).code).toBe(0);
    expect(await settle(fleet, calls)).toMatchObject({ cut: 0, packetsLost: 0 });
  });

  test('without --drain it refuses while calls are up', async () => {
    const fleet = await openFleet();
    await startCalls(fleet);
    await fleet.want(NEW);
    const run = rollout(fleet, ['--max-unavailable', '1']);
    expect((await run.ended).code).toBe(3);
    expect(run.events.at(-1)).toMatchObject({
      kind: 'run-ended',
      result: 'halted',
      hint: expect.stringContaining('--drain'),
    });
    expect(done(run)).toEqual([]);
  });

  test('a new relay that is not healthy takes no calls and halts the run; the other zones are untouched', async () => {
    const fleet = await openFleet();
    const calls = await startCalls(fleet);
    fleet.sick.add(NEW);
    await fleet.want(NEW);
    const run = rollout(fleet, ['--drain', '--replace-seconds', '10']);
    expect((await run.ended).code).toBe(3);
    expect(run.events.at(-1)).toMatchObject({
      result: 'halted',
      because: expect.stringContaining('its own check fails: sysctl (rmem_max)'),
    });
    expect(done(run)).toEqual(['a cordon', 'a replace']);
    const back = rollout(fleet, ['rollback', '--json', '--journal', join(fleet.folder, 'back.jsonl')]);
    expect(await back.ended).toEqual({ code: 0, err: '' });
    expect(back.events.filter(({ kind }) => kind === 'target-set')).toHaveLength(3);
    expect(done(back)).toEqual(['a cordon', 'a replace', 'a admit']);
    expect(back.events.at(-1)).toMatchObject({ because: '3 of 3 relays run mr10.5.3.5' });
    calls.stop();
    expect(await calls.done).toMatchObject({ cut: 0, packetsLost: 0 });
  });

  test('status, plan, cordon and uncordon say what they see and do', async () => {
    const fleet = await openFleet();
    await fleet.want(NEW);
    const [name = ''] = (fleet.booted[0] ?? '').split(' ');
    const say = async (...args: readonly string[]) => {
      const { child, ended } = rollout(fleet, args);
      let out = '';
      child.stdout?.on('data', (text) => {
        out += text;
      });
      return { ...(await ended), out };
    };
    expect(await say('cordon', name)).toMatchObject({
      code: 0,
      out: `${name} takes no new calls; 0 calls on it\n`,
    });
    const status = await say('status');
    expect(status.out).toMatch(new RegExp(`${name} +mr10.5.3.5 +draining +0 .*cordoned .* by hand-`));
    expect(status.out).toContain(`wanted: mr12.5.1.31 (image ${NEW})`);
    expect(await say('uncordon', name)).toMatchObject({ code: 0, out: `${name} takes calls again\n` });
    const plan = await say('plan', '--json');
    expect(JSON.parse(plan.out)).toMatchObject({ result: 'done', lowestAdmitting: 2 });
    expect(JSON.parse(plan.out).steps).toHaveLength(9);
    expect(await say('cordon', 'nobody')).toMatchObject({ code: 2 });
  });

  test('a relay cordoned by somebody’s hand on its command line is seen as such', async () => {
    const fleet = await openFleet();
    const [host = ''] = await fleet.addresses();
    const relay = openRelay({ name: 'x', host, ngPort: 2223, cliPort: 2224 });
    await cordonRelay(relay);
    relay.close();
    const run = rollout(fleet, ['status', '--json']);
    let out = '';
    run.child.stdout?.on('data', (text) => {
      out += text;
    });
    await run.ended;
    expect(JSON.parse(out).relays[0]).toMatchObject({ phase: 'joining', admitting: false });
  });
});
