/** Two RTPEngines, a Redis and an address that moves between them, as a model: what a hand-over may be tried on. */
import type { CallMedia } from '../../../lib/relay/call-media.ts';
import type { CallStore, HandoverEvent, HandoverPorts, Side } from '../../../rollout/handover/ports.ts';

/** The address that moves. */
export const ADDRESS = '10.0.0.50';
export const DATABASES = { giver: 5, taker: 6, through: 7 };

type Host = 'giver' | 'taker';
type ModelCall = { foreign: boolean; packets: number };

/** Thrown where a run is killed; no FleetError, so nothing may catch it. */
export class Killed extends Error {}

export type Faults = {
  /** Run number → it is killed at its effect of this number. */
  readonly killAt?: readonly number[];
  /** Does the address arrive when it is sent there? Default: yes. */
  readonly arrives?: (to: Host) => boolean;
  /** Calls that the taker cannot restore. */
  readonly unreadable?: ReadonlySet<string>;
  readonly mediaOf?: (callId: string) => Partial<CallMedia>;
};

export type World = {
  readonly ports: HandoverPorts;
  readonly events: HandoverEvent[];
  readonly on: Readonly<Record<Host, Map<string, ModelCall>>>;
  readonly keys: (database: number) => readonly string[];
  readonly address: () => Host | 'nowhere';
  readonly note: () => string | undefined;
  /** A person hangs up: who has the address hears of it. While nobody has it, nothing can be heard. */
  readonly bye: (callId: string) => void;
  /** The next run begins; it has the next kill. */
  readonly nextRun: () => void;
  /** What was seen at any moment: calls that the host with the address did not have. */
  readonly lost: string[];
  /** Calls that nobody has hung up. */
  readonly up: ReadonlySet<string>;
};

export function twoHosts(calls: readonly string[], faults: Faults = {}): World {
  const on = { giver: new Map<string, ModelCall>(), taker: new Map<string, ModelCall>() };
  const data = new Map<number, Map<string, Uint8Array>>();
  const database = (number: number) => {
    const found = data.get(number) ?? new Map<string, Uint8Array>();
    data.set(number, found);
    return found;
  };
  const world = { address: 'giver' as Host | 'nowhere', note: undefined as string | undefined, run: 0 };
  const watched = new Set<number>();
  const lost: string[] = [];
  const events: HandoverEvent[] = [];
  const up = new Set(calls);
  let effects = 0;
  let now = 0;
  for (const callId of calls) {
    on.giver.set(callId, { foreign: false, packets: 0 });
    database(DATABASES.giver).set(callId, Buffer.from(`state of ${callId}`));
  }
  const effect = () => {
    const { address } = world;
    if (address !== 'nowhere')
      for (const callId of up) if (!on[address].has(callId)) lost.push(`${callId} is not on the ${address}`);
    effects += 1;
    if (faults.killAt?.[world.run] === effects) throw new Killed();
  };
  const media = (host: Host, callId: string): CallMedia | undefined => {
    const call = on[host].get(callId);
    const plain = {
      flags: ['initialized', 'send', 'recv'],
      protocols: ['RTP/AVP'],
      addresses: [ADDRESS],
      heard: [],
    };
    return call === undefined ? undefined : { ...plain, packets: call.packets, ...faults.mediaOf?.(callId) };
  };
  const sideOf = (host: Host): Side => ({
    name: host,
    cordon: async () => effect(),
    calls: async () => {
      effect();
      return [...on[host]].map(([callId, { foreign }]) => ({ callId, foreign, ending: false }));
    },
    media: async (callId) => media(host, callId),
    watch: async (number) => {
      effect();
      watched.add(number);
    },
    unwatch: async (number) => {
      effect();
      watched.delete(number);
    },
    activate: async () => {
      effect();
      for (const [callId, call] of on[host]) {
        call.foreign = false;
        database(DATABASES[host]).set(callId, Buffer.from(`state of ${callId}`));
      }
      effect();
    },
    letGo: async (gone) => {
      for (const callId of gone) {
        effect();
        on[host].delete(callId);
      }
    },
  });
  const store: CallStore = {
    ids: async (number) => [...database(number).keys()],
    read: async (number, id) => database(number).get(id),
    write: async (number, id, value) => {
      effect();
      database(number).set(id, value);
      if (!watched.has(number) || on.taker.get(id)?.foreign === false) return;
      if (faults.unreadable?.has(id)) database(number).delete(id);
      else on.taker.set(id, { foreign: true, packets: on.giver.get(id)?.packets ?? 0 });
    },
    remove: async (number, ids) => {
      effect();
      for (const id of ids) {
        const had = database(number).delete(id);
        if (had && watched.has(number) && on.taker.get(id)?.foreign === true) on.taker.delete(id);
      }
    },
    note: async () => world.note,
    setNote: async (text) => {
      effect();
      world.note = text;
    },
  };
  const ports: HandoverPorts = {
    giver: sideOf('giver'),
    taker: sideOf('taker'),
    store,
    move: async (to) => {
      effect();
      world.address = 'nowhere';
      effect();
      world.address = (faults.arrives?.(to) ?? true) ? to : 'nowhere';
      effect();
    },
    now: () => now,
    sleep: async (ms) => {
      now += ms;
      if (world.address === 'nowhere') return;
      for (const call of on[world.address].values()) call.packets += Math.ceil(ms / 20);
    },
    tell: (event) => void events.push(event),
  };
  return {
    ...{ ports, events, on, lost, up },
    keys: (number) => [...database(number).keys()],
    address: () => world.address,
    note: () => world.note,
    bye: (callId) => {
      if (world.address === 'nowhere') return;
      up.delete(callId);
      on[world.address].delete(callId);
      database(DATABASES[world.address]).delete(callId);
    },
    nextRun: () => {
      world.run += 1;
      effects = 0;
    },
  };
}
