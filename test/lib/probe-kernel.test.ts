import { afterEach, describe, expect, test } from 'vitest';
import type { NgDict } from '../../lib/ng/bencode.ts';
import { connectNg } from '../../lib/ng/client.ts';
import { openNgSocket } from '../../lib/ng/udp.ts';
import { probeThroughKernel } from '../../lib/probe-kernel.ts';
import { reply, startNgServer } from '../support/ng-server.ts';

const open: { close: () => unknown }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

const counted = (packets: number): NgDict => ({
  result: 'ok',
  statistics: { totalstatistics: Number.isNaN(packets) ? {} : { relayedpackets_kernel: packets } },
});

/** A relay that refuses every call and counts packets of its kernel as told, the last for ever. */
async function relay(counts: readonly number[]) {
  let asked = 0;
  const commands: string[] = [];
  const server = await startNgServer((question) => {
    commands.push(question.command);
    if (question.command !== 'statistics')
      return [reply(question, { result: 'error', 'error-reason': 'no' })];
    const count = counts[Math.min(asked, counts.length - 1)] ?? 0;
    asked += 1;
    return [reply(question, counted(count))];
  });
  const socket = openNgSocket({ retransmitAfterMs: [] });
  open.push(server, socket);
  return { commands, ng: connectNg({ host: server.host, port: server.port, transport: 'udp', socket }) };
}

const OPTIONS = { localAddress: '127.0.0.1', packets: 2, relay: 'admitted', timeoutMs: 60_000 } as const;
const ACTIVE = 'active, table 0';

describe('a call through a relay whose kernel forwards', () => {
  test('counts only what the kernel forwarded meanwhile', async () => {
    const { ng } = await relay([40, 290]);
    expect(await probeThroughKernel(ng, OPTIONS, ACTIVE)).toMatchObject({ inKernel: 250 });
  });

  test('does not wait for the kernel when there was no call', async () => {
    const { ng, commands } = await relay([40]);
    expect(await probeThroughKernel(ng, OPTIONS, ACTIVE)).toMatchObject({ ok: false, inKernel: 0 });
    expect(commands.filter((command) => command === 'statistics')).toHaveLength(2);
    expect(commands.filter((command) => command === 'offer')).toHaveLength(1);
  });

  test('says nothing of a kernel whose packets the relay does not tell', async () => {
    const { ng } = await relay([Number.NaN]);
    expect(await probeThroughKernel(ng, OPTIONS, ACTIVE)).not.toHaveProperty('inKernel');
  });

  test.each([undefined, 'inactive: a container loads no kernel module'])(
    'asks nothing of the kernel that says %s',
    async (kernel) => {
      const { ng, commands } = await relay([40, 290]);
      expect(await probeThroughKernel(ng, OPTIONS, kernel)).not.toHaveProperty('inKernel');
      expect(commands).not.toContain('statistics');
    },
  );
});
