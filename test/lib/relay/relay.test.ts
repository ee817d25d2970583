import { afterEach, expect, test } from 'vitest';
import { openRelay, type RelayPlace } from '../../../lib/relay/relay.ts';
import { startFakeRelay } from '../../support/fake-relay.ts';

const open: { close: () => unknown }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

async function askLimit(by: 'port' | 'verb', change: Partial<RelayPlace>): Promise<[string, number]> {
  const fake = await startFakeRelay(by);
  const relay = openRelay({ ...fake.relay.place, ...change });
  open.push(fake, relay);
  return [await relay.cli('list maxsessions'), fake.asked.length];
}

test.each(['mr10.5.3.5', 'mr26.0.1.26'])(
  'CLI commands go to the CLI port where there is one: %s',
  async (version) => {
    expect(await askLimit('port', { version })).toEqual([
      'Maximum sessions configured on rtpengine: -1\n',
      0,
    ]);
  },
);

test('without a CLI port they go over ng', async () => {
  expect(await askLimit('verb', {})).toEqual(['Maximum sessions configured on rtpengine: -1\n', 1]);
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
