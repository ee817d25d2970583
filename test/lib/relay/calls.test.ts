import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { NgDict } from '../../../lib/ng/bencode.ts';
import { countLiveCalls, isEmptyCall, listCalls, removeEmptyCalls } from '../../../lib/relay/calls.ts';
import { startFakeRelay } from '../../support/fake-relay.ts';

let fake: Awaited<ReturnType<typeof startFakeRelay>>;
beforeEach(async () => {
  fake = await startFakeRelay('port');
});
afterEach(() => fake.close());

const NOW = 10_000;
const at = { now: () => NOW * 1_000 };

const stream = (lastPacket: number, packets: number): NgDict => ({
  'last packet': lastPacket,
  stats: { packets },
});
const talking: NgDict = {
  result: 'ok',
  created: NOW - 120,
  'last signal': NOW - 90,
  tags: {
    a: { medias: [{ streams: [stream(NOW - 1, 500), stream(NOW - 4, 10)] }] },
    b: { medias: [{ streams: [stream(NOW - 2, 490)] }] },
  },
};
const emptyCall = (age: number): NgDict => ({ result: 'ok', created: NOW - age, 'last signal': 0, tags: {} });

function put(callId: string, query: NgDict, { foreign = false, deleted = false } = {}): void {
  fake.state.calls.set(callId, { foreign, deleted, query });
}

describe('the list of calls', () => {
  test('tells age, last packet, streams and marks of each', async () => {
    put('one', talking, { deleted: true });
    expect(await listCalls(fake.relay, at)).toEqual({
      kind: 'answer',
      at: NOW * 1_000,
      calls: [
        {
          callId: 'one',
          ageSeconds: 120,
          foreign: false,
          markedDeleted: true,
          detail: {
            kind: 'known',
            tags: 2,
            streams: 3,
            packets: 1_000,
            lastPacketSeconds: 1,
            lastSignalSeconds: 90,
          },
        },
      ],
    });
  });

  test('keeps its order and asks for many calls at once', async () => {
    for (let index = 0; index < 100; index += 1) put(`call-${index}`, talking);
    const list = await listCalls(fake.relay, { ...at, parallel: 10 });
    expect(list.kind === 'answer' && list.calls.map(({ callId }) => callId)).toEqual(
      Array.from({ length: 100 }, (_, index) => `call-${index}`),
    );
  });

  test('does not take a call that it could not ask about for an empty one', async () => {
    put('one', talking);
    fake.state.answers = { query: 'silence' };
    const list = await listCalls(fake.relay, { ...at, timeoutMs: 1_000 });
    expect(list).toMatchObject({ calls: [{ callId: 'one', detail: { kind: 'unknown' } }] });
  });

  test('does not take an answer without tags for an empty call', async () => {
    put('one', { result: 'ok', created: NOW - 500 });
    const list = await listCalls(fake.relay, at);
    expect(list).toMatchObject({ calls: [{ detail: { kind: 'known', tags: 'unknown', streams: 0 } }] });
    expect(list.kind === 'answer' && list.calls.some(isEmptyCall)).toBe(false);
  });

  test('says that a call ended while it was read', async () => {
    put('one', talking);
    fake.state.answers = { query: { result: 'error', 'error-reason': 'Unknown call-id' } };
    expect(await listCalls(fake.relay, at)).toMatchObject({ calls: [{ detail: { kind: 'gone' } }] });
  });

  test.each([
    ['list sessions all', ''],
    ['list sessions all', 'Unknown or incomplete command::sessions\n'],
    ['list sessions all', 'No sessions on this media relay.\n'],
    ['list numsessions', 'Unknown or incomplete command::numsessions\n'],
  ])('is silence, not an empty or a partial list, when %s answers %j', async (line, text) => {
    put('one', talking);
    fake.state.texts = { [line]: text };
    expect(await listCalls(fake.relay, at)).toMatchObject({ kind: 'silence', code: 'cli-not-understood' });
  });

  test('is read again when it was cut at the end of a line', async () => {
    put('one', talking);
    const cut = (await fake.relay.cli('list sessions all')).toString();
    put('two', talking);
    let reads = 0;
    Object.defineProperty(fake.state.texts, 'list sessions all', {
      get: () => (++reads === 1 ? cut : undefined),
    });
    expect(await listCalls(fake.relay, at)).toMatchObject({ calls: [{ callId: 'one' }, { callId: 'two' }] });
    expect(reads).toBe(2);
  });
});

test('without a CLI port the calls are listed by ng, and what ng does not tell is unknown', async () => {
  const other = await startFakeRelay();
  other.state.calls.set('one', { foreign: false, deleted: true, query: talking });
  other.state.calls.set('old', { foreign: false, deleted: false, query: emptyCall(61) });
  const list = await listCalls(other.relay, at);
  expect(list).toMatchObject({
    calls: [
      { callId: 'one', ageSeconds: 120, foreign: 'unknown', markedDeleted: 'unknown', detail: { tags: 2 } },
      { callId: 'old', ageSeconds: 61 },
    ],
  });
  expect(list.kind === 'answer' && countLiveCalls(list.calls)).toMatchObject({
    live: 1,
    ending: 0,
    empty: 1,
  });
  expect(await removeEmptyCalls(other.relay, at)).toEqual({ removed: ['old'], left: [] });
  await other.close();
});

test('calls are counted by kind, and what is unknown is live', async () => {
  put('talking', talking);
  put('ending', talking, { deleted: true });
  put('foreign', talking, { foreign: true });
  put('empty', emptyCall(5));
  const list = await listCalls(fake.relay, at);
  const calls = list.kind === 'answer' ? list.calls : [];
  expect(countLiveCalls(calls)).toEqual({ total: 4, foreign: 1, ending: 1, empty: 1, live: 2 });
  const unknown = calls.map((call) => ({ ...call, detail: { kind: 'unknown' } as const }));
  expect(countLiveCalls(unknown)).toMatchObject({ total: 4, empty: 0, live: 3 });
  expect(countLiveCalls(calls.map((call) => ({ ...call, detail: { kind: 'gone' } as const })))).toMatchObject(
    {
      total: 0,
      live: 0,
    },
  );
});

describe('removing empty calls', () => {
  test('ends only those that are empty and old, by call-id alone, and looks whether they went', async () => {
    put('talking', talking);
    put('young', emptyCall(59));
    put('old', emptyCall(61));
    put('stubborn', emptyCall(4_000));
    fake.state.undeletable.add('stubborn');
    expect(await removeEmptyCalls(fake.relay, at)).toEqual({ removed: ['old'], left: ['stubborn'] });
    expect([...fake.state.calls.keys()]).toEqual(['talking', 'young', 'stubborn']);
    const deletes = fake.asked.filter(({ command }) => command === 'delete');
    expect(deletes.map(({ fields }) => [fields['call-id'], fields['from-tag']])).toEqual([
      ['old', undefined],
      ['stubborn', undefined],
    ]);
  });

  test('leaves a call alone that came to life since the list was read', async () => {
    put('old', emptyCall(100));
    let questions = 0;
    Object.defineProperty(fake.state.calls.get('old') ?? {}, 'query', {
      get: () => (++questions > 2 ? talking : emptyCall(100)),
    });
    expect(await removeEmptyCalls(fake.relay, at)).toEqual({ removed: [], left: [] });
    expect(fake.state.calls.has('old')).toBe(true);
  });

  test('of a silent relay rejects', async () => {
    const silent = await startFakeRelay();
    silent.state.answers = { list: 'silence' };
    await expect(removeEmptyCalls(silent.relay, { ...at, timeoutMs: 60 })).rejects.toMatchObject({
      kind: 'retry',
      code: 'relay-silence',
    });
    await silent.close();
  });
});
