/** Relays on their old image, as the cloud shows them and as a run has seen them; fleets of any size. Pure. */
import type { Answer, CloudRelay, Fleet, Relay, Target } from '../../rollout/core/fleet.ts';

type Given = Pick<CloudRelay, 'zone' | 'name' | 'id'> & Partial<CloudRelay>;

/** A relay of the old image that nobody works on. */
export function oldRelay(given: Given): CloudRelay {
  return {
    address: '192.0.2.1',
    vm: { state: 'ready', detail: 'NONE RUNNING', createdAt: 0 },
    template: 'old',
    onTarget: false,
    version: 'mr10.5.3.5',
    cordon: undefined,
    leave: undefined,
    forcedBy: undefined,
    awaitsController: false,
    ...given,
  };
}

/** The same before a run has looked at it. */
export function unseen(relay: CloudRelay): Relay {
  return {
    ...relay,
    looks: [],
    silentSince: undefined,
    changingSince: undefined,
    service: undefined,
    report: undefined,
    emptyCalls: [],
    failure: undefined,
  };
}

export function newTarget(zone: string): Target {
  return { zone, template: 'new', image: 'new', version: 'mr12.5.1.31' };
}

export function zonesOf(groups: number): readonly string[] {
  return Array.from({ length: groups }, (_, index) => `z${index}`);
}

/** So many relays, dealt out to so many groups, each with `calls` calls. */
export function simulated(relays: number, groups: number, calls: number): Fleet {
  const zones = zonesOf(groups);
  const look: Answer = {
    ...{ kind: 'answer', at: 0, limit: -1, own: calls, foreign: 0 },
    ...{ packetRate: calls * 100, media: calls * 2, uptime: 3_600 },
  };
  const all = Array.from({ length: relays }, (_, index): Relay => {
    const zone = `z${index % groups}`;
    return { ...unseen(oldRelay({ zone, name: `relay-${index}`, id: String(index + 1) })), looks: [look] };
  });
  return { name: 'bench', zones, targets: zones.map(newTarget), relays: all };
}
