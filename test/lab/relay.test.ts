import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { hasCliVerb } from '../../lib/ng/cli.ts';
import { deleteCall, listCallIds, offer, query } from '../../lib/ng/commands.ts';
import { probeCall } from '../../lib/probe-call.ts';
import { countLiveCalls, listCalls, removeEmptyCalls } from '../../lib/relay/calls.ts';
import { admitRelay, cordonRelay, SAFE_DELETE_DELAY_SECONDS } from '../../lib/relay/cordon.ts';
import { emptiness, isCordoned, readRelay, restartedBetween } from '../../lib/relay/read.ts';
import { openRelay, type Relay } from '../../lib/relay/relay.ts';
import { buildSdp, PCMU } from '../../lib/sdp.ts';
import { compareVersions } from '../../lib/version.ts';
import { placeCall } from '../support/live-call.ts';
import {
  findRtpengines,
  type RunningRtpengine,
  startRtpengine,
  TREES_VARIABLE,
} from '../support/rtpengine.ts';

const trees = findRtpengines();
const local = { localAddress: '127.0.0.1', packets: 10 } as const;
const sdp = buildSdp({ address: '127.0.0.1', port: 40_000, payloadTypes: [PCMU], direction: 'sendrecv' }, 1);

test.skipIf(trees.length > 0)('needs a real RTPEngine', (context) => {
  context.skip(`rtpengine-daemon is not installed and ${TREES_VARIABLE} names no tree`);
});

describe.each(trees)('RTPEngine $version', (tree) => {
  let server: RunningRtpengine;
  let relay: Relay;
  beforeAll(async () => {
    server = await startRtpengine(tree);
    relay = server.connect();
  });
  afterAll(async () => {
    relay.close();
    await server.stop();
  });
  afterEach(async () => {
    await admitRelay(relay, { maxSessions: -1, deleteDelaySeconds: 30 });
    for (const callId of await listCallIds(relay.bulk, 10_000))
      await deleteCall(relay.ng, { callId, delaySeconds: 0 });
    await vi.waitFor(async () => expect(emptiness(await readRelay(relay))).toEqual({ kind: 'empty' }));
  });

  test('is read: every counter is known', async () => {
    const reading = await readRelay(relay);
    expect(reading).toMatchObject({ kind: 'answer', own: 0, foreign: 0, maxSessions: -1 });
    expect(Object.values(reading)).not.toContain('unknown');
  });

  test('cordoned, refuses new calls, carries those that are up without loss, and is admitted again', async () => {
    const call = await placeCall(relay.ng);
    const before = await cordonRelay(relay, { lowerDeleteDelayTo: SAFE_DELETE_DELAY_SECONDS });
    expect(before).toEqual({ maxSessions: -1, deleteDelaySeconds: 30 });
    expect(isCordoned(await readRelay(relay))).toBe(true);
    expect(await offer(relay.ng, { callId: 'new', fromTag: 'a' }, sdp)).toMatchObject({ kind: 'load-limit' });
    expect(await call.reoffer()).toMatchObject({ kind: 'accepted' });
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(emptiness(await readRelay(relay))).toEqual({ kind: 'busy', own: 1, foreign: 0 });
    await call.hangUp();
    expect(call.sent()).toBeGreaterThan(20);
    expect(call.missing()).toBe(0);
    await admitRelay(relay, before);
    expect(isCordoned(await readRelay(relay))).toBe(false);
    expect(await offer(relay.ng, { callId: 'new', fromTag: 'a' }, sdp)).toMatchObject({ kind: 'accepted' });
  });

  test('with delete-delay lowered for the drain still passes the packets in flight at the end of a call', async () => {
    const calls = await Promise.all(Array.from({ length: 10 }, () => placeCall(relay.ng)));
    await cordonRelay(relay, { lowerDeleteDelayTo: SAFE_DELETE_DELAY_SECONDS });
    await Promise.all(calls.map((call, index) => staggered(index, () => call.hangUpSpeaking(500))));
    expect(calls.map((call) => call.missing())).toEqual(Array(10).fill(0));
    // Well under the 30 s that they would stay counted otherwise.
    await vi.waitFor(async () => expect(emptiness(await readRelay(relay))).toEqual({ kind: 'empty' }), {
      timeout: 10_000,
      interval: 100,
    });
  });

  test('lists its calls with their age, streams and marks', async () => {
    const call = await placeCall(relay.ng);
    await new Promise((resolve) => setTimeout(resolve, 200));
    const list = await listCalls(relay);
    expect(list).toMatchObject({
      kind: 'answer',
      calls: [
        { callId: call.callId, foreign: false, markedDeleted: false, detail: { kind: 'known', tags: 2 } },
      ],
    });
    const detail = list.kind === 'answer' ? list.calls[0]?.detail : undefined;
    expect(detail?.kind === 'known' && typeof detail.packets === 'number' && detail.packets > 0).toBe(true);
    await call.hangUp();
    const after = await listCalls(relay);
    expect(after.kind === 'answer' && countLiveCalls(after.calls)).toMatchObject({
      total: 1,
      ending: 1,
      live: 0,
    });
    expect(emptiness(await readRelay(relay))).toMatchObject({ kind: 'busy', own: 1 });
  });

  test('that was deleted without tags is not marked: a mark is no evidence', async () => {
    const call = await placeCall(relay.ng);
    await deleteCall(relay.ng, { callId: call.callId });
    expect(await listCalls(relay)).toMatchObject({ calls: [{ markedDeleted: false }] });
    await call.hangUp();
  });

  test('carries a probe call when admitted, and leaves nothing of it', async () => {
    expect(await probeCall(relay.ng, { ...local, relay: 'admitted' })).toMatchObject({
      ok: true,
      reason: undefined,
      sent: 10,
      receivedA: 10,
      receivedB: 10,
      cleaned: true,
    });
    expect(emptiness(await readRelay(relay))).toEqual({ kind: 'empty' });
  });

  test('carries a probe call while it refuses all others', async () => {
    await cordonRelay(relay);
    const probing = probeCall(relay.ng, { ...local, packets: 25, relay: 'cordoned' });
    const others: string[] = [];
    for (let index = 0; index < 20; index += 1) {
      others.push((await offer(relay.ng, { callId: `other-${index}`, fromTag: 'a' }, sdp)).kind);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(await probing).toMatchObject({ ok: true, sent: 25, receivedA: 25, receivedB: 25, cleaned: true });
    expect(new Set(others)).toEqual(new Set(['load-limit']));
    expect(await readRelay(relay)).toMatchObject({ own: 0, maxSessions: 0 });
  });

  test('fails the probe of a cordoned relay when it is not cordoned, and the other way round', async () => {
    expect(await probeCall(relay.ng, { ...local, relay: 'cordoned' })).toMatchObject({
      ok: false,
      reason: expect.stringContaining('it is not cordoned'),
      cleaned: true,
    });
    await cordonRelay(relay);
    expect(await probeCall(relay.ng, { ...local, relay: 'admitted' })).toMatchObject({ ok: false, sent: 0 });
    expect(emptiness(await readRelay(relay))).toEqual({ kind: 'empty' });
  });

  test('fails the probe when the media does not come through', async () => {
    const result = await probeCall(relay.ng, { ...local, relay: 'admitted', mediaAddress: '127.0.0.9' });
    expect(result).toMatchObject({ ok: false, sent: 10, receivedA: 0, receivedB: 0, cleaned: true });
    expect(result.reason).toBe('of 10 packets each way 0 reached the caller and 0 the callee');
  });

  test('is left clean by a probe that was given up', async () => {
    const stop = new AbortController();
    const probing = probeCall(relay.ng, { ...local, packets: 500, relay: 'admitted', signal: stop.signal });
    await vi.waitFor(async () => expect(emptiness(await readRelay(relay)).kind).toBe('busy'));
    stop.abort();
    await expect(probing).rejects.toMatchObject({ kind: 'interrupted' });
    expect(emptiness(await readRelay(relay))).toEqual({ kind: 'empty' });
  });

  test('lists more calls over TCP than a datagram holds; over UDP that list is silence', async () => {
    const ids = Array.from({ length: 1_100 }, (_, index) => `${'long-call-id-'.repeat(5)}${index}`);
    for (const callId of ids) await offer(relay.ng, { callId, fromTag: 'a' }, sdp);
    expect((await listCallIds(relay.bulk, 2_000)).toSorted()).toEqual(ids.toSorted());
    await expect(listCallIds(relay.ng, 2_000, { timeoutMs: 500 })).rejects.toMatchObject({
      code: 'ng-silence',
    });
    const list = await listCalls(relay);
    expect(list.kind === 'answer' && countLiveCalls(list.calls)).toMatchObject({ total: 1_100, live: 1_100 });
  });

  test.skipIf(hasCliVerb(tree.version) !== true)(
    'is cordoned, listed and admitted over ng alone',
    async () => {
      const { cliPort: _, ...place } = server.place;
      const one = openRelay(place);
      const call = await placeCall(one.ng);
      const before = await cordonRelay(one, { lowerDeleteDelayTo: SAFE_DELETE_DELAY_SECONDS });
      expect(before).toEqual({ maxSessions: -1, deleteDelaySeconds: 30 });
      expect(await readRelay(one)).toMatchObject({ maxSessions: 0, own: 1 });
      expect(await listCalls(one)).toMatchObject({ calls: [{ callId: call.callId, detail: { tags: 2 } }] });
      await admitRelay(one, before);
      expect(await readRelay(relay)).toMatchObject({ maxSessions: -1 });
      await call.hangUp();
      one.close();
    },
  );

  // Only mr13.1 and later leave such a call behind; before that there is nothing to remove.
  test('gets rid of a call that never became one', async () => {
    const broken = sdp.replaceAll('127.0.0.1', 'relay.example');
    expect(await offer(relay.ng, { callId: 'broken', fromTag: 'a' }, broken)).toMatchObject({
      kind: 'error',
    });
    const later = { now: () => Date.now() + 120_000 };
    const removed = compareVersions(tree.version, 'mr13.1') >= 0 ? ['broken'] : [];
    expect(await removeEmptyCalls(relay, later)).toEqual({ removed, left: [] });
    expect(await query(relay.ng, 'broken')).toEqual({ kind: 'unknown-call' });
  });

  test('forgets its cordon when it is started again, and that is seen', async () => {
    const first = await startRtpengine(tree);
    const one = first.connect();
    await cordonRelay(one);
    await new Promise((resolve) => setTimeout(resolve, 2_100));
    const before = await readRelay(one);
    await first.stop();
    expect(await readRelay(one, { timeoutMs: 200 })).toMatchObject({ kind: 'silence' });
    const second = await startRtpengine(tree, { host: first.place.host });
    const after = await readRelay(one);
    expect(restartedBetween(before, after)).toBe(true);
    expect(isCordoned(after)).toBe(false);
    one.close();
    await second.stop();
  });

  test('started cordoned, is admitted by its first admission', async () => {
    const born = await startRtpengine(tree, { args: ['--max-sessions=0'] });
    const one = born.connect();
    expect(isCordoned(await readRelay(one))).toBe(true);
    expect(await probeCall(one.ng, { ...local, relay: 'cordoned' })).toMatchObject({ ok: true });
    await admitRelay(one, { maxSessions: -1, deleteDelaySeconds: 'unknown' });
    expect(await probeCall(one.ng, { ...local, relay: 'admitted' })).toMatchObject({ ok: true });
    one.close();
    await born.stop();
  });
});

function staggered(index: number, act: () => Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    setTimeout(() => void act().then(resolve, reject), index * 97);
  });
}
