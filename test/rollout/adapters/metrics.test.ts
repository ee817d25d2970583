import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openMetrics } from '../../../rollout/adapters/metrics.ts';
import type { EventBody, RelayState, RolloutEvent } from '../../../rollout/core/events.ts';
import { deadPlace } from '../../support/free-port.ts';

const say = (body: EventBody): RolloutEvent => ({ v: 1, at: '2026-08-11T10:00:00.000Z', run: 'r1', ...body });
const state = (name: string, over: Partial<RelayState>): RelayState => ({
  relay: { zone: 'z1', name },
  phase: 'stale',
  own: 3,
  foreign: 1,
  ...over,
});

function folderOf(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rtpfleet-metrics-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

const seen = (over: RelayState) => say({ kind: 'relay-observed', ...over });
const relay = { zone: 'z1', name: 'a1' };

test('a file shows phases, calls of relays that answer, what was done and what is waited for', async () => {
  const folder = folderOf();
  const file = join(folder, 'rollout.prom');
  const metrics = await openMetrics(file, 'prod');
  metrics.show(seen(state('a1', { phase: 'draining' })));
  metrics.show(seen(state('a2', {})));
  const { own: _, foreign: __, ...silent } = state('a3', {});
  metrics.show(seen(silent));
  metrics.show(say({ kind: 'action-done', action: 'cordon', relay, seconds: 0.1 }));
  metrics.show(say({ kind: 'hold', relay, because: '4 calls left', overdue: true }));
  await metrics.close();
  const text = readFileSync(file, 'utf8');
  for (const line of [
    'rtpfleet_rollout_running{run="r1",fleet="prod"} 1',
    'rtpfleet_rollout_relays{phase="draining",fleet="prod"} 1',
    'rtpfleet_rollout_relays{phase="stale",fleet="prod"} 2',
    'rtpfleet_rollout_calls{zone="z1",fleet="prod"} 8',
    'rtpfleet_rollout_relays_silent{fleet="prod"} 1',
    'rtpfleet_rollout_actions_total{action="cordon",result="done",fleet="prod"} 1',
    'rtpfleet_rollout_waits{overdue="true",fleet="prod"} 1',
    'rtpfleet_rollout_last_event_timestamp_seconds{fleet="prod"} 1786442400',
  ])
    expect(text).toContain(`${line}\n`);
  expect(readdirSync(folder)).toEqual(['rollout.prom']);
});

test('an endpoint answers while the run lasts, and is gone after it', async () => {
  const { host, port } = await deadPlace();
  const metrics = await openMetrics(`${host}:${port}`, 'prod');
  metrics.show(
    say({ kind: 'run-ended', result: 'held', because: '', seconds: 1, relays: [state('a1', {})] }),
  );
  const text = await (await fetch(`http://${host}:${port}/metrics`)).text();
  expect(text).toContain('rtpfleet_rollout_result{result="held",fleet="prod"} 1');
  expect(text).toContain('rtpfleet_rollout_running{run="r1",fleet="prod"} 0');
  await metrics.close();
  await expect(fetch(`http://${host}:${port}/metrics`)).rejects.toThrow();
});

test('a place that cannot be had is named before anything is touched', async () => {
  await expect(openMetrics('/no/such/folder/m.prom', 'prod')).rejects.toMatchObject({
    kind: 'usage',
    message: expect.stringContaining('/no/such/folder/m.prom'),
  });
  const taken = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void taken.close());
  await new Promise((resolve) => taken.once('listening', resolve));
  const address = taken.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  await expect(openMetrics(`127.0.0.1:${port}`, 'prod')).rejects.toMatchObject({ kind: 'usage' });
});
