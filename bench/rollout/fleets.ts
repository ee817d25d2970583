/** A fleet on its old image under load, of any size. Pure. */
import type { Fleet, Relay } from '../../rollout/core/fleet.ts';

/** Each relay has `calls` calls. */
export function simulated(relays: number, groups: number, calls: number): Fleet {
  const zones = Array.from({ length: groups }, (_, index) => `z${index}`);
  const all = Array.from({ length: relays }, (_, index): Relay => {
    const look = {
      kind: 'answer',
      at: 0,
      limit: -1,
      own: calls,
      foreign: 0,
      packetRate: calls * 100,
      media: calls * 2,
      uptime: 3_600,
    } as const;
    return {
      zone: zones[index % groups] ?? '',
      name: `relay-${index}`,
      id: String(index + 1),
      address: '192.0.2.1',
      vm: { state: 'ready', detail: 'NONE RUNNING', createdAt: 0 },
      template: 'old',
      onTarget: false,
      version: 'mr10.5.3.5',
      cordon: undefined,
      leave: undefined,
      forcedBy: undefined,
      awaitsController: false,
      looks: [look],
      silentSince: undefined,
      changingSince: undefined,
      service: undefined,
      report: undefined,
      emptyCalls: [],
      failure: undefined,
    };
  });
  const targets = zones.map((zone) => ({ zone, template: 'new', image: 'new', version: 'mr12.5.1.31' }));
  return { name: 'bench', zones, targets, relays: all };
}
