/** `rollout handover GIVER TAKER`: the live calls of one RTPEngine go on at another. */
import { accessSync, constants } from 'node:fs';
import { isIP } from 'node:net';
import { userInfo } from 'node:os';
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { EXIT, FleetError, isFleetError } from '../../lib/errors.ts';
import { readRedisUse } from '../../lib/relay/redis-use.ts';
import { openRelay, type Relay } from '../../lib/relay/relay.ts';
import { sideOf } from '../adapters/handover-side.ts';
import { takeLocalLock } from '../adapters/local-lock.ts';
import { runMover } from '../adapters/mover.ts';
import { ownerOf } from '../adapters/owner.ts';
import { openCallStore } from '../adapters/redis-calls.ts';
import { databasesOf, type Party } from '../core/handover.ts';
import { runId } from '../core/run-id.ts';
import { plural } from '../core/words.ts';
import { handOver } from '../handover/hand-over.ts';
import type { HandoverEvent, HandoverPorts } from '../handover/ports.ts';
import type { Lock } from '../ports.ts';

export type HandoverOptions = {
  readonly address: string;
  readonly move: string;
  readonly redis: string;
  readonly through: number;
  readonly version: string;
  readonly takerVersion?: string;
  readonly cliPort: number;
  readonly ngPort: number;
  readonly waitSeconds: number;
  readonly patienceSeconds: number;
  readonly json: boolean;
};

/** Exit code 0: all calls at the address moved with it; 3: nothing moved, or all went back. */
export async function handover(giver: string, taker: string, options: HandoverOptions): Promise<number> {
  for (const address of [giver, taker, options.address]) checkAddress(address);
  checkProgram(options.move);
  const place = redisOf(options.redis);
  const lock = await lockOf(options.address);
  const [from, to] = [open(giver, options), open(taker, options)];
  try {
    const parties = [
      await partyOf(from, options.version),
      await partyOf(to, options.takerVersion ?? options.version),
    ] as const;
    const databases = databasesOf(...parties, options.through);
    const store = await openCallStore(place, options.through);
    try {
      const { address, version, waitSeconds, patienceSeconds } = options;
      const ports: HandoverPorts = {
        giver: sideOf(from),
        taker: sideOf(to),
        store,
        move: (where) => runMover(options.move, options.address, ...hostsFor(where, giver, taker)),
        now: Date.now,
        sleep: async (ms) => void (await pause(ms)),
        tell: options.json ? tellJson : tellWords(giver, taker),
      };
      const times = { waitMs: waitSeconds * 1000, patienceMs: patienceSeconds * 1000 };
      await handOver(ports, { databases, address, version, ...times });
      return EXIT.done;
    } finally {
      store.close();
    }
  } finally {
    from.close();
    to.close();
    await lock.release();
  }
}

/** Two that move the same address at once would undo each other's steps. */
async function lockOf(address: string): Promise<Lock> {
  const now = Date.now();
  const owner = ownerOf(runId(now, Math.random()), userInfo().username, now);
  return await takeLocalLock(`handover-${address}`, owner).catch((cause: unknown) => {
    if (!isFleetError(cause) || cause.kind !== 'locked') throw cause;
    throw new FleetError({
      kind: 'locked',
      code: 'lock-held',
      message: `Another hand-over of ${address} is on, on this machine.`,
      hint: 'Wait for it.',
      cause,
    });
  });
}

/** Where it goes, then from where. */
function hostsFor(where: 'giver' | 'taker', giver: string, taker: string): readonly [string, string] {
  return where === 'taker' ? [taker, giver] : [giver, taker];
}

function open(host: string, { cliPort, ngPort }: HandoverOptions): Relay {
  return openRelay({ name: host, host, ngPort, ngTcpPort: ngPort, cliPort });
}

async function partyOf(relay: Relay, version: string): Promise<Party> {
  return { name: relay.place.name, version, use: await readRedisUse(relay) };
}

/** The password stands in no argument. */
function redisOf(text: string) {
  const [, host = '', port = ''] = /^([^\s:/]+):(\d{1,5})$/.exec(text) ?? [];
  if (host === '') throw usage(`${JSON.stringify(text)} is no Redis`, 'Write it as HOST:PORT.');
  const password = process.env.RTPFLEET_REDIS_PASSWORD;
  return { host, port: Number(port), ...(password ? { password } : {}) };
}

function checkAddress(text: string): void {
  if (isIP(text) === 0) throw usage(`${JSON.stringify(text)} is no address`, 'Write addresses as 10.0.0.11.');
}

/** Found out now, not when calls are on their way. */
function checkProgram(program: string): void {
  try {
    accessSync(program, constants.X_OK);
  } catch {
    throw usage(`${program} is no program that can be run`, 'Name it by its path: --move ./move-address.');
  }
}

function usage(message: string, hint: string): FleetError {
  return new FleetError({ kind: 'usage', code: 'handover', message, hint });
}

function tellJson(event: HandoverEvent): void {
  process.stdout.write(`${JSON.stringify({ at: new Date().toISOString(), ...event })}\n`);
}

function tellWords(giver: string, taker: string): (event: HandoverEvent) => void {
  return (event) => void process.stdout.write(`${wordsOf(event, giver, taker)}\n`);
}

function wordsOf(event: HandoverEvent, giver: string, taker: string): string {
  switch (event.kind) {
    case 'cordoned':
      return `${giver}: takes no new calls`;
    case 'resumed':
      return `a hand-over that was ${event.stage} goes on`;
    case 'waits':
      return `waiting: ${event.because}`;
    case 'copied':
      return `${taker}: has ${plural(event.calls, 'call')} of ${giver}`;
    case 'moved':
      return event.calls === 0
        ? `the address is with ${taker}`
        : `the address is with ${taker}, and so is the media (proven after ${event.ms} ms)`;
    case 'went-back':
      return `everything is with ${giver} again: ${event.because}`;
    case 'call':
      return `  ${event.callId}: ${gapWords(event.packets)}`;
    case 'done':
      if (event.calls === 0) return `${giver} has no call at the address, and none had to move`;
      return `${plural(event.calls, 'call')} moved to ${taker}; ${giver} has none at that address. Longest gap: ${gapWords(event.mostPackets)}`;
    default:
      return event satisfies never;
  }
}

function gapWords(packets: number | 'unknown'): string {
  return packets === 'unknown'
    ? 'not told by these versions'
    : `${plural(packets, 'packet')} of a stream (${packets * 20} ms at 20 ms each)`;
}
