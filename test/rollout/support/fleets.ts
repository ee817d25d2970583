/** Fleets for tests, said in few words. */
import { newTarget, oldRelay, unseen } from '../../../bench/rollout/fleets.ts';
import type { Answer, Cordon, Fleet, Look, Relay } from '../../../rollout/core/fleet.ts';
import type { Policy } from '../../../rollout/core/policy.ts';

export const NOW = 1_800_000_000_000;

export const POLICY: Policy = {
  maxUnavailable: 1,
  preCordon: 0,
  reserve: 'none',
  windows: [],
  timeZone: 'UTC',
  bakeSeconds: 0,
  bakeCalls: 0,
  bakeTolerance: 0.02,
  pollSeconds: 1,
  goodAnswers: 3,
  drainSeconds: 600,
  tail: 'hold',
  reapAfterSeconds: 100,
  reapSilentSeconds: 60,
  emptyCallSeconds: 60,
  replaceSeconds: 120,
  gatePackets: 10,
  drain: true,
  servingLimit: -1,
  relayCalls: 1000,
};

export function answer(over: Partial<Answer> = {}): Answer {
  return {
    kind: 'answer',
    at: NOW,
    limit: -1,
    own: 0,
    foreign: 0,
    packetRate: 0,
    media: 0,
    uptime: 3600,
    ...over,
  };
}

export const SILENCE: Look = { kind: 'silence', at: NOW, reason: 'no answer to statistics' };

export function cordonOf(over: Partial<Cordon> = {}): Cordon {
  return { at: NOW - 60_000, by: 'r1', before: { limit: -1, deleteDelay: 30 }, ...over };
}

/** Three looks of the same kind, one a second, the last one now. */
export function thrice(over: Partial<Answer> = {}): readonly Look[] {
  return [2, 1, 0].map((ago) => answer({ at: NOW - ago * 1000, uptime: 3600 - ago, ...over }));
}

/** A relay on the old image that takes calls. */
export function stale(name: string, over: Partial<Relay> = {}): Relay {
  const id = `1${name.charCodeAt(0)}${name.slice(1)}`;
  const vm = { state: 'ready', detail: 'NONE RUNNING', createdAt: NOW - 86_400_000 } as const;
  const relay = unseen(oldRelay({ zone: name.slice(0, 1), name, id, vm }));
  return { ...relay, looks: thrice({ own: 5, packetRate: 500, media: 20 }), ...over };
}

export function draining(name: string, over: Partial<Relay> = {}): Relay {
  return stale(name, {
    cordon: cordonOf(),
    looks: thrice({ limit: 0, own: 2, packetRate: 100, media: 4 }),
    ...over,
  });
}

export function empty(name: string, over: Partial<Relay> = {}): Relay {
  return stale(name, { cordon: cordonOf(), looks: thrice({ limit: 0 }), ...over });
}

/** A relay on the wanted image that takes calls. */
export function serving(name: string, over: Partial<Relay> = {}): Relay {
  return stale(name, { onTarget: true, template: 'new', version: 'mr12.5.1.31', ...over });
}

/** A relay that a rollout has replaced: up, cordoned, healthy. */
export function joining(name: string, over: Partial<Relay> = {}): Relay {
  return serving(name, {
    vm: { state: 'ready', detail: 'NONE RUNNING', createdAt: NOW - 10_000 },
    awaitsController: true,
    looks: thrice({ limit: 0 }),
    report: { version: 'mr12.5.1.31', health: { ok: true, failed: [] } },
    ...over,
  });
}

export function replacing(name: string, over: Partial<Relay> = {}): Relay {
  return joining(name, {
    vm: { state: 'changing', detail: 'RECREATING STAGING', createdAt: undefined },
    looks: [],
    changingSince: NOW - 5_000,
    report: undefined,
    ...over,
  });
}

/** Zones are the first letters of the relays' names, in the order in which they first appear. */
export function fleetOf(...relays: readonly Relay[]): Fleet {
  const zones = [...new Set(relays.map(({ zone }) => zone))];
  return {
    name: 'test',
    zones,
    targets: zones.map(newTarget),
    relays,
  };
}
