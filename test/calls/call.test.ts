import { afterEach, expect, test } from 'vitest';
import { runCall } from '../../lab/calls/call.ts';
import type { CallPlan, CallPorts } from '../../lab/calls/call-state.ts';
import { createRouting } from '../../lab/calls/routing.ts';
import { startWheel } from '../../lab/calls/wheel.ts';
import type { NgDict } from '../../lib/ng/bencode.ts';
import { connectNg } from '../../lib/ng/client.ts';
import { textAt } from '../../lib/ng/fields.ts';
import { reply, startNgServer } from '../support/ng-server.ts';

/** What a relay answers to the nth request with this command; undefined: as a good relay does; `silence`: nothing. */
type Answers = (command: string, nth: number) => NgDict | 'silence' | undefined;

const closeLater: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closeLater.splice(0)) await close();
});

/** A relay that hands each phone the other's own address: its media needs no relaying, its signalling can go wrong. */
async function startRelay(answers: Answers = () => undefined) {
  const counts = new Map<string, number>();
  const told = new Map<string, NgDict | 'silence'>();
  const server = await startNgServer((asked) => {
    const { command, cookie, fields } = asked;
    const nth = (counts.get(command) ?? 0) + (told.has(cookie) ? 0 : 1);
    counts.set(command, nth);
    const usual = { result: 'ok', sdp: textAt(fields, 'sdp') ?? '' };
    const answer = told.get(cookie) ?? answers(command, nth) ?? usual;
    told.set(cookie, answer);
    return answer === 'silence' ? [] : [reply(asked, answer)];
  });
  const ng = connectNg({ host: server.host, port: server.port, transport: 'udp' });
  closeLater.push(ng.close, server.close);
  const commands = () => [...new Map(server.asked.map((asked) => [asked.cookie, asked.command])).values()];
  return { relay: { name: `${server.host}:${server.port}`, ng }, commands };
}

async function call(relays: CallPorts['relays'], changes: Partial<CallPlan> = {}) {
  const wheel = startWheel();
  closeLater.push(wheel.stop);
  const ports: CallPorts = {
    ...{ relays, wheel, localAddress: '127.0.0.1', now: Date.now, hangUp: new AbortController().signal },
    ...{ routing: createRouting(relays.length, 'turn'), talking: () => () => {}, skipped: () => {} },
  };
  return await runCall(ports, {
    ...{ callId: 'c', tags: { a: 'a', b: 'b' }, seconds: 0.4 },
    ...{ ssrc: { a: 1, b: 2 }, firstSequence: { a: 65_530, b: 7 } },
    ...changes,
  });
}

test('a good call: packets both ways, counted across the wrap of the sequence number, and a delete at its end', async () => {
  const { relay, commands } = await startRelay();
  const line = await call([relay], { reInvite: { after: 0.2, by: 'B' } });
  expect(line).toMatchObject({ outcome: 'ok', lost: 0, reInvites: 1, relay: relay.name, diverted: [] });
  expect(line.aToB.sent).toBeGreaterThan(10);
  expect(line.bToA).toMatchObject({ received: line.bToA.sent, duplicates: 0, stray: 0 });
  expect(commands()).toEqual(['offer', 'answer', 'offer', 'answer', 'delete']);
});

const LIMIT = { result: 'load limit', message: 'Parallel session limit reached' };
const ERROR = { result: 'error', 'error-reason': 'no' };

test('load limit and silence are passed over; a silent relay is told at the end to forget the call', async () => {
  const full = await startRelay((command) => (command === 'offer' ? LIMIT : undefined));
  const silent = await startRelay((command) => (command === 'offer' ? 'silence' : undefined));
  const good = await startRelay();
  const line = await call([full.relay, silent.relay, good.relay]);
  expect(line).toMatchObject({
    outcome: 'ok',
    relay: good.relay.name,
    diverted: [
      { relay: full.relay.name, because: 'load-limit' },
      { relay: silent.relay.name, because: 'silence' },
    ],
  });
  expect(silent.commands()).toEqual(['offer', 'delete']);
  expect(full.commands()).toEqual(['offer']);
});

const RENEWED = { seconds: 1, reInvite: { after: 0.1, by: 'A' } } as const;

test.each<[string, Answers, RegExp, Partial<CallPlan>]>([
  [
    'an error to the offer',
    (command) => (command === 'offer' ? ERROR : undefined),
    /refused its offer: no/,
    {},
  ],
  [
    'an error to the answer',
    (command) => (command === 'answer' ? ERROR : undefined),
    /refused its answer: no/,
    {},
  ],
  [
    'an SDP without media',
    (command) => (command === 'answer' ? { result: 'ok', sdp: 'v=0\r\n' } : undefined),
    /did not answer its answer: an SDP body cannot be used/,
    {},
  ],
  [
    'load limit to the re-INVITE',
    (command, nth) => (command === 'offer' && nth === 2 ? LIMIT : undefined),
    /refused its re-INVITE: Parallel session limit reached/,
    RENEWED,
  ],
  [
    'an error to the answer of the re-INVITE',
    (command, nth) => (command === 'answer' && nth === 2 ? ERROR : undefined),
    /refused its answer to a re-INVITE: no/,
    RENEWED,
  ],
  [
    'a call that the relay no longer knows',
    (command) => (command === 'delete' ? { result: 'ok', warning: 'Call-ID not found' } : undefined),
    /no longer knew it at its end/,
    {},
  ],
  [
    'an error to the delete',
    (command) => (command === 'delete' ? ERROR : undefined),
    /refused its delete: no/,
    {},
  ],
])('%s cuts the call, and its relay is told to end it', async (_name, answers, reason, changes) => {
  const { relay, commands } = await startRelay(answers);
  const other = await startRelay();
  const line = await call([relay, other.relay], changes);
  expect(line.outcome).toBe('cut');
  expect(line.reason).toMatch(reason);
  expect(other.commands()).toEqual([]);
  if (line.relay !== undefined) expect(commands().at(-1)).toBe('delete');
});

test('media that stops cuts the call within seconds, and every packet since is lost', async () => {
  const nowhere =
    'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n';
  const { relay } = await startRelay((command) =>
    command === 'offer' ? { result: 'ok', sdp: nowhere } : undefined,
  );
  const line = await call([relay], { seconds: 20 });
  expect(line).toMatchObject({ outcome: 'cut', reason: expect.stringContaining('no media from B arrived') });
  expect(line.seconds).toBeLessThan(10);
  expect(line.lost).toBe(line.bToA.sent);
  expect(line.bToA).toMatchObject({ received: 0 });
});
