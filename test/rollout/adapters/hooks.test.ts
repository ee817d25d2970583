/** Webhooks against a real HTTP server. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { askGates, notifier } from '../../../rollout/adapters/hooks.ts';
import type { RolloutEvent } from '../../../rollout/core/events.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** Answers each body with what `answer` says; undefined: never. */
async function listen(answer: (body: Record<string, unknown>) => [number, string] | undefined) {
  const heard: Record<string, unknown>[] = [];
  const opened = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => {
      text += chunk;
    });
    request.on('end', () => {
      const body = JSON.parse(text) as Record<string, unknown>;
      heard.push(body);
      const said = answer(body);
      if (said !== undefined) response.writeHead(said[0]).end(said[1]);
    });
  });
  server = opened;
  await new Promise<void>((resolve) => opened.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(opened.address() as AddressInfo).port}`;
  return { url: `http://${host}/secret?token=x`, host, heard };
}

const question = { fleet: 'prod', run: 'r1', relays: ['a1'], because: 'it runs an old image' };

test('a gate is asked with the relays and the reason, and its decision counts', async () => {
  const { url, host, heard } = await listen(() => [200, '{"decision":"no","because":"a match is on"}']);
  const said = await askGates({ gates: [url], notify: [], timeoutSeconds: 5 }, question);
  expect(said).toEqual({ kind: 'no', because: `the gate ${host} says no: a match is on` });
  expect(heard).toEqual([{ kind: 'may-cordon', ...question }]);
});

test.each<[string, [number, string] | undefined]>([
  ['an error', [500, '{"decision":"go"}']],
  ['no JSON', [200, 'go']],
  ['no answer', undefined],
])('a gate with %s means wait, and its secrets are not told', async (_, answer) => {
  const { url } = await listen(() => answer);
  const said = await askGates({ gates: [url], notify: [], timeoutSeconds: 0.2 }, question);
  expect(said.kind).toBe('wait');
  expect(JSON.stringify(said)).not.toContain('secret');
});

const event = (body: object) =>
  ({ v: 1, at: '2026-11-21T08:00:00.000Z', run: 'r1', ...body }) as RolloutEvent;

test('what people want to hear of is sent in order, as text and as event; what fails is told and stops nothing', async () => {
  const { url, host, heard } = await listen(({ text }) => [String(text).includes('pause') ? 500 : 200, 'ok']);
  const failed: string[] = [];
  const news = notifier({ gates: [], notify: [url], timeoutSeconds: 5 }, 'prod', (to, why) =>
    failed.push(`${to}: ${why}`),
  );
  news.show(event({ kind: 'hold', because: '2 calls left', overdue: false }));
  news.show(event({ kind: 'hold', because: '2 calls left', overdue: true }));
  news.show(event({ kind: 'wish', wish: 'pause', uncordon: false, by: 'ann@host', askedAt: '' }));
  news.show(event({ kind: 'target-set', zone: 'z', from: 'new', to: 'old' }));
  await news.close();
  expect(heard.map(({ text }) => text)).toEqual([
    'rtpfleet prod:\n08:00:00 fleet: held: 2 calls left',
    'rtpfleet prod:\n08:00:00 ann@host asked: pause: drains go on, nothing new is begun',
    'rtpfleet prod:\n08:00:00 z: its group wants old again, not new',
  ]);
  expect(heard[0]).toMatchObject({ event: { kind: 'hold', run: 'r1' } });
  expect(failed).toEqual([`${host}: HTTP status 500`]);
});
