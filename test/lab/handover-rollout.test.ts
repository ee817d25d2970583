/**
 * A whole rollout that waits for no call: three relays of the real image with floating addresses, as `lab apply` makes them, calls of
 * minutes through them, and a controller that is killed in the midst of the first move.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Caller, startCaller } from '../../lab/calls/caller.ts';
import { cleanUp } from '../../lab/cleanup.ts';
import type { RolloutEvent } from '../../rollout/core/events.ts';
import type { CallLine } from '../../rollout/report/call-lines.ts';
import { applyFloatingFleet, type FloatingFleet } from '../support/floating-fleet.ts';
import { eventually, type ImageLab, openImageLab, ZONE } from '../support/image-lab.ts';

const folder = mkdtempSync(join(tmpdir(), 'rtpfleet-moves-'));
const RELAYS = 3;
const CALLS = 9;
let machines: ImageLab;
let fleet: FloatingFleet;
let calls: Caller & { readonly lines: readonly CallLine[] };

beforeAll(async () => {
  machines = await openImageLab(folder);
  const { lab, gce } = machines;
  const words = ['--base', 'debian-13', '--version', 'mr12.5.1.31', '--accept', 'boot'];
  const { image } = await machines.build(...words, '--endpoint', lab.endpoint);
  fleet = await applyFloatingFleet({ lab, gce, zone: ZONE, image }, RELAYS);
  calls = await startCalls();
});
afterAll(async () => {
  calls?.hangUp();
  await calls?.done;
  await machines?.close();
  await cleanUp(folder);
});

/** So long that none of them ends by itself. */
async function startCalls() {
  const lines: CallLine[] = [];
  const caller = await startCaller({
    relays: fleet.floating.map((host) => ({ host, port: 22222 })),
    ...{ from: machines.lab.gateway, rate: 0.2, atLeast: CALLS, seconds: [900, 1200], reInviteShare: 0 },
    ...{ pick: 'turn', seed: 5, emit: (line) => void lines.push(line) },
  });
  return { ...caller, lines };
}

const talking = () => calls.lines.findLast((line) => line.kind === 'second')?.talking ?? 0;

/** `events` grows as they are told. */
function rollout(args: readonly string[]) {
  const words = ['rollout/cli.ts', ...args, '--fleet', fleet.fleetFile];
  const child = spawn(process.execPath, [...words, '--endpoint', machines.lab.endpoint], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const events: RolloutEvent[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.startsWith('{"v"')) events.push(JSON.parse(line) as RolloutEvent);
  });
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal }));
  return { child, events, ended };
}

const MOVING = ['--drain', '--handover', '--pre-cordon', '1', '--json', '--journal'];

/** Killed amid its first move: when it has written down that the address goes, and not yet that it is there with all calls. */
async function killRolloutInMove(): Promise<void> {
  const { child, events, ended } = rollout([...MOVING, join(folder, 'killed.jsonl')]);
  const moves = async () => (await fleet.leftKeys()).includes('rtpfleet:handover');
  const isOn = () => child.exitCode === null && child.signalCode === null;
  while (isOn()) {
    await sleep(20);
    if (!acts(events, 'action-decided').some((act) => act.startsWith('hand-over ')) || !(await moves()))
      continue;
    // It may have gone on while it was looked at: held still, it is where it is seen to be.
    child.kill('SIGSTOP');
    child.kill((await moves()) ? 'SIGKILL' : 'SIGCONT');
  }
  expect(await ended).toMatchObject({ signal: 'SIGKILL' });
}

const acts = (events: readonly RolloutEvent[], kind: 'action-decided' | 'action-done') =>
  events.flatMap((event) => (event.kind === kind ? [`${event.action} ${event.relay.name}`] : []));

test('every relay is replaced long before its calls end, though the controller dies amid the first move', async () => {
  await eventually(async () => talking() >= CALLS && (await fleet.keptCalls()).every((count) => count > 0));
  const before = await fleet.wanted();
  await fleet.want(11);
  const wanted = await fleet.wanted();
  expect(wanted).not.toBe(before);

  await killRolloutInMove();
  const run = rollout([...MOVING, join(folder, 'rolled.jsonl')]);
  expect(await run.ended).toMatchObject({ code: 0 });
  expect(run.events.at(-1)).toMatchObject({ kind: 'run-ended', result: 'done' });
  const { now, home } = await fleet.places();
  expect(now).toEqual(home);
  expect((await fleet.templates()).map((line) => line.split(': ')[1])).toEqual(Array(RELAYS).fill(wanted));
  expect(await fleet.leftKeys()).toEqual([]);
  expect(await rollout(['verify']).ended).toMatchObject({ code: 0 });

  // All were up to now; each BYE has to find its call at the address that it was told.
  expect(calls.lines.filter(({ kind }) => kind === 'call-ended')).toEqual([]);
  calls.hangUp();
  const summary = await calls.done;
  process.stdout.write(`moves: ${JSON.stringify({ acts: acts(run.events, 'action-done'), summary })}\n`);
  expect(summary.calls).toBeGreaterThanOrEqual(CALLS);
  expect(summary).toMatchObject({ cut: 0 });
});
