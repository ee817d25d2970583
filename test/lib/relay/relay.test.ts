import { afterEach, expect, test } from 'vitest';
import { openRelay, type RelayPlace } from '../../../lib/relay/relay.ts';
import { startFakeRelay } from '../../support/fake-relay.ts';

const open: { close: () => unknown }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

const LIMIT = 'Maximum sessions configured on rtpengine: -1\n';

async function ask(by: 'port' | 'verb', change: Partial<RelayPlace>, command = 'list maxsessions') {
  const fake = await startFakeRelay(by);
  const relay = openRelay({ ...fake.relay.place, ...change });
  open.push(fake, relay);
  const text = await relay.cli(command);
  return { text, overNg: fake.asked.length };
}

test.each(['mr10.5.3.5', 'mr12.5.1.31', '12.5'])(
  'CLI commands go to the CLI port where there is one: %s',
  async (version) => {
    expect(await ask('port', { version })).toEqual({ text: LIMIT, overNg: 0 });
  },
);

test('a short question goes over ng where the version takes it there, anything else to the CLI port', async () => {
  const version = 'mr26.0.1.26';
  expect(await ask('port', { version })).toEqual({ text: LIMIT, overNg: 1 });
  expect(await ask('port', { version }, 'set maxsessions 0')).toMatchObject({ overNg: 0 });
  expect(await ask('port', { version }, 'list sessions all')).toMatchObject({ overNg: 0 });
});

test('a relay that refuses a short question over ng, against its version, is asked on its CLI port', async () => {
  const fake = await startFakeRelay('port');
  open.push(fake);
  fake.state.answers.cli = { result: 'error', 'error-reason': 'Unrecognized command' };
  expect(await fake.relay.cli('list maxsessions')).toBe(LIMIT);
});
test('without a CLI port they go over ng', async () => {
  expect(await ask('verb', {})).toEqual({ text: LIMIT, overNg: 1 });
});

test('a version that has no ng command for them needs the CLI port, and says so without asking', async () => {
  const relay = openRelay({ name: 'relay-a', host: '127.0.0.1', ngPort: 9, version: 'mr12.5.1.31' });
  open.push(relay);
  await expect(relay.cli('list maxsessions')).rejects.toMatchObject({
    kind: 'hold',
    code: 'cli-no-door',
    message: expect.stringContaining('relay-a: RTPEngine mr12.5.1.31'),
  });
});

test('lists go over TCP where the relay has it', () => {
  const place = { name: 'relay-a', host: '127.0.0.1', ngPort: 9 };
  const [plain, tcp] = [openRelay(place), openRelay({ ...place, ngTcpPort: 10 })];
  open.push(plain, tcp);
  expect(plain.bulk).toBe(plain.ng);
  expect(tcp.bulk.target).toEqual({ host: '127.0.0.1', port: 10, transport: 'tcp' });
});
