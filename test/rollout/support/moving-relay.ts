/** Relays that keep their calls in a real Redis, take over what is written to a database that they watch, and answer ng and CLI as 12.5 does. */
import type { RedisClientType } from 'redis';
import type { NgDict } from '../../../lib/ng/bencode.ts';
import type { Relay } from '../../../lib/relay/relay.ts';
import { connectRedis } from '../../../rollout/adapters/redis.ts';
import type { RelayPlace } from '../../../rollout/ports.ts';
import { startFakeRelay } from '../../support/fake-relay.ts';

/** Who has the address, and the last number of the stream that is sent there. */
export type Wire = { at: string; sequence: number };

export type MovingRelay = {
  readonly relay: Relay;
  readonly place: RelayPlace;
  /** Ids of calls: its own, and those that it took over as foreign. */
  readonly own: () => readonly string[];
  readonly foreign: () => readonly string[];
  /** A call of its own, with media at this address, kept in its database. */
  readonly call: (callId: string, address: string) => Promise<void>;
  /** Answers of its CLI in place of the usual ones. */
  readonly texts: { [line: string]: string };
  readonly close: () => Promise<void>;
};

export async function startMovingRelay(
  name: string,
  database: number,
  redis: { readonly host: string; readonly port: number },
  wire: Wire,
  address: string,
): Promise<MovingRelay> {
  const fake = await startFakeRelay('port');
  const { calls, texts } = fake.state;
  const watched = new Set([5]);
  const ids = (foreign: boolean) =>
    [...calls].flatMap(([callId, call]) => (call.foreign === foreign ? [callId] : []));
  const add = (callId: string, foreign: boolean, at: string) =>
    void calls.set(callId, { foreign, deleted: false, query: mediaOf(name, wire, at) });
  const follow = async () => {
    const kept: string[] = [];
    for (const number of watched) kept.push(...(await inDatabase(redis, number, stringsOf)));
    for (const callId of kept) if (!calls.has(callId)) add(callId, true, address);
    for (const callId of ids(true)) if (!kept.includes(callId)) calls.delete(callId);
  };
  const cli = async (line: string): Promise<string> => {
    const [, verb, word = ''] = /^(ksadd|ksrm|active|call) ?(\S*)/.exec(line) ?? [];
    if (verb === 'ksadd') watched.add(Number(word));
    if (verb === 'ksrm') watched.delete(Number(word));
    if (verb === 'active') for (const call of calls.values()) call.foreign = false;
    if (verb === 'call') calls.delete(word);
    if (verb !== undefined) return '';
    if (line === 'params current') return texts[line] ?? paramsOf(database, watched);
    await follow();
    return await fake.relay.cli(line);
  };
  return {
    relay: { ...fake.relay, place: { ...fake.relay.place, name }, cli },
    place: { name, address: fake.relay.place.host, version: 'mr12.5.1.31' },
    own: () => ids(false),
    foreign: () => ids(true),
    call: async (callId, at) => {
      add(callId, false, at);
      await inDatabase(redis, database, (client) => client.set(callId, `state of ${callId}`));
    },
    texts,
    close: fake.close,
  };
}

function paramsOf(database: number, watched: ReadonlySet<number>): string {
  const spaces = [...watched].map((number, index) => `keyspace[${index}] = ${number}\n`);
  return `redis-db = ${database}\nredis-write-db = -1\n${spaces.join('')}`;
}

/** One more packet comes in each time that the relay with the address is asked. */
function mediaOf(name: string, wire: Wire, address: string): NgDict {
  const heard = { packets: 0, last: 0 };
  return {
    result: 'ok',
    created: 1_800_000_000,
    get tags() {
      if (wire.at === name) {
        wire.sequence += 1;
        heard.packets += 1;
        heard.last = wire.sequence;
      }
      const ssrc = { SSRC: 7, packets: heard.packets, 'last RTP seq': heard.last };
      const stream = { 'local address': address, 'ingress SSRCs': [ssrc] };
      const media = { protocol: 'RTP/AVP', flags: ['initialized', 'send', 'recv'], streams: [stream] };
      return { a: { medias: [media] } };
    },
    get totals() {
      return { RTP: { packets: heard.packets } };
    },
  };
}

export async function inDatabase<T>(
  { host, port }: { readonly host: string; readonly port: number },
  database: number,
  work: (client: RedisClientType) => Promise<T>,
): Promise<T> {
  const client = await connectRedis({ host, port, database });
  try {
    return await work(client);
  } finally {
    client.destroy();
  }
}

async function stringsOf(client: RedisClientType): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const keys of client.scanIterator({ TYPE: 'string' })) found.push(...keys);
  return found;
}
