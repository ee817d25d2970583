/** Relays over ng and CLI, through lib/relay: one UDP socket for all of them. */
import { createSocket } from 'node:dgram';
import type { Fleet as FleetFile } from '../../configs/fleet.ts';
import { FleetError, isFleetError, reasonOf } from '../../lib/errors.ts';
import { parseDeleteDelay } from '../../lib/ng/cli-text.ts';
import type { NgRequestOptions } from '../../lib/ng/client.ts';
import { openNgSocket } from '../../lib/ng/udp.ts';
import { probeCall } from '../../lib/probe-call.ts';
import { type CallList, isEmptyCall, listCalls, removeEmptyCalls } from '../../lib/relay/calls.ts';
import {
  admitRelay,
  cordonRelay,
  readMaxSessions,
  SAFE_DELETE_DELAY_SECONDS,
} from '../../lib/relay/cordon.ts';
import { type RelayReading, readRelay } from '../../lib/relay/read.ts';
import { type RedisUse, readRedisUse } from '../../lib/relay/redis-use.ts';
import { openRelay, type Relay } from '../../lib/relay/relay.ts';
import { readSessions } from '../../lib/relay/sessions.ts';
import { readTimeouts, setTimeouts } from '../../lib/relay/timeouts.ts';
import type { Answer, Look } from '../core/fleet.ts';
import type { Probe, RelayPlace, Relays } from '../ports.ts';

export type RelayDoor = Relays & {
  /** Every call that is left, for people. Never rejects for what a relay does. */
  readonly calls: (place: RelayPlace) => Promise<CallList>;
  /** For what is not one of these; closed with all. */
  readonly open: (place: RelayPlace) => Relay;
  /** How it uses Redis; undefined: it does not tell. Never rejects for what a relay does. */
  readonly redisUse: (place: RelayPlace) => Promise<RedisUse | undefined>;
  readonly close: () => void;
};

/** A look must not hold up the others of its round for longer than this, ms. */
const SHORTEST_LOOK_MS = 500;
const LONGEST_LOOK_MS = 2_000;

export function relayDoor(file: FleetFile): RelayDoor {
  const socket = openNgSocket();
  const open = new Map<string, Relay>();
  const { ngPort, cliPort } = file.rtpengine;
  const relayAt = ({ name, address, version }: RelayPlace): Relay => {
    const key = `${name} ${address} ${version ?? ''}`;
    const known = open.get(key);
    if (known !== undefined) return known;
    const place = { name, host: address, ngPort, ngTcpPort: ngPort, cliPort };
    const relay = openRelay({ ...place, ...(version === undefined ? {} : { version }) }, socket);
    open.set(key, relay);
    return relay;
  };
  const patience = file.rollout.pollSeconds * 1000;
  const look = { timeoutMs: Math.min(LONGEST_LOOK_MS, Math.max(SHORTEST_LOOK_MS, patience)) };
  return {
    look: (place, known) => lookAt(relayAt(place), look, known),
    settings: async (place) => {
      const relay = relayAt(place);
      const limit = await readMaxSessions(relay);
      return { limit, deleteDelay: parseDeleteDelay(await relay.cli('list deletedelay')) };
    },
    cordon: async (place) =>
      void (await cordonRelay(relayAt(place), { lowerDeleteDelayTo: SAFE_DELETE_DELAY_SECONDS })),
    restore: async (place, { limit, deleteDelay, timeouts }) => {
      if (timeouts !== undefined) await setTimeouts(relayAt(place), timeouts);
      await admitRelay(relayAt(place), { maxSessions: limit, deleteDelaySeconds: deleteDelay });
    },
    ages: (place) => agesOf(relayAt(place)),
    timeouts: (place) => readTimeouts(relayAt(place)),
    setTimeouts: (place, timeouts) => setTimeouts(relayAt(place), timeouts),
    callIds: async (place) => {
      const list = await listCalls(relayAt(place));
      if (list.kind === 'silence') return undefined;
      return list.calls.filter(({ detail }) => detail.kind !== 'gone').map(({ callId }) => callId);
    },
    emptyCalls: async (place, olderThanSeconds) => {
      const list = await listCalls(relayAt(place));
      if (list.kind === 'silence') return [];
      const old = list.calls.filter((call) => isEmptyCall(call) && call.ageSeconds > olderThanSeconds);
      return old.map(({ callId }) => callId);
    },
    removeEmptyCalls: async (place, olderThanSeconds) =>
      (await removeEmptyCalls(relayAt(place), { olderThanSeconds })).removed.length,
    probe: (place, packets) => probe(relayAt(place), place, packets),
    calls: (place) => listCalls(relayAt(place)),
    open: relayAt,
    redisUse: async (place) => await readRedisUse(relayAt(place)).catch(untold),
    close: () => {
      for (const relay of open.values()) relay.close();
      socket.close();
    },
  };
}

function untold(error: unknown): undefined {
  if (!isFleetError(error)) throw error;
}

async function agesOf(relay: Relay): Promise<ReadonlyMap<string, number> | undefined> {
  try {
    const sessions = await readSessions(relay, {});
    const now = Date.now() / 1000;
    return new Map(
      sessions.flatMap(({ callId, createdAt }) =>
        createdAt === 'unknown' ? [] : [[callId, Math.max(0, now - createdAt)]],
      ),
    );
  } catch (error) {
    if (isFleetError(error)) return undefined;
    throw error;
  }
}

async function lookAt(
  relay: Relay,
  options: NgRequestOptions,
  known?: { readonly limit: number },
): Promise<Look> {
  const at = Date.now();
  return lookOf(await readRelay(relay, { ...options, limit: known === undefined }), at, known);
}

/** A reading with a gap in it is a silence. `at`: when the first request of it was sent. */
export function lookOf(reading: RelayReading, at: number, known?: { readonly limit: number }): Look {
  if (reading.kind === 'silence') return { kind: 'silence', at, reason: reading.reason };
  const { own, foreign, packetRate, media, tally } = reading;
  const fields = {
    limit: known?.limit ?? reading.maxSessions,
    own,
    foreign,
    packetRate,
    media,
    uptime: reading.uptimeSeconds,
  };
  const gap = Object.entries(fields).find(([, value]) => value === 'unknown');
  if (gap !== undefined)
    return { kind: 'silence', at, reason: `its answer does not tell ${GAPS[gap[0] as keyof typeof GAPS]}` };
  return { kind: 'answer', at, ...(fields as Omit<Answer, 'kind' | 'at' | 'tally'>), tally };
}

const GAPS = {
  limit: 'its session limit',
  own: 'how many calls it has',
  foreign: 'how many calls it took over',
  packetRate: 'its packet rate',
  media: 'whether media flows',
  uptime: 'since when it runs',
} as const satisfies Record<Exclude<keyof Answer, 'kind' | 'at' | 'tally'>, string>;

async function probe(relay: Relay, place: RelayPlace, packets: number): Promise<Probe> {
  const localAddress = await addressTowards(place.address);
  const { ok, reason, receivedA, receivedB, sent, setupMs } = await probeCall(relay.ng, {
    localAddress,
    packets,
    relay: 'cordoned',
  });
  if (!ok) return { ok, detail: reason ?? 'no reason given' };
  return {
    ok,
    detail: `probe call set up in ${Math.round(setupMs ?? 0)} ms, ${receivedA + receivedB} of ${2 * sent} packets`,
  };
}

/** The local address from which the system would send to `address`. Sends nothing. */
async function addressTowards(address: string): Promise<string> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.connect(9, address, resolve);
    });
    return socket.address().address;
  } catch (cause) {
    throw new FleetError({
      kind: 'retry',
      code: 'no-route',
      message: `This machine has no route to ${address}: ${reasonOf(cause)}`,
      cause,
    });
  } finally {
    socket.close();
  }
}
