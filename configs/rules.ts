/** Rules between values of a fleet file that JSON Schema cannot say. Pure. */
import type { Fleet } from './fleet.ts';
import type { Problem } from './load.ts';
import { rangeSize } from './range.ts';
import { countOf } from './share.ts';

/** Addresses of a subnetwork that GCE keeps for itself (VPC documentation: first two and last two). */
const RESERVED_BY_GCE = 4;

export function contradictions(fleet: Fleet): readonly Problem[] {
  return [...zones(fleet), ...ports(fleet), ...redis(fleet), ...size(fleet)];
}

function zones({ cloud }: Fleet): readonly Problem[] {
  return cloud.zones.flatMap((zone, index) =>
    zone.startsWith(`${cloud.region}-`)
      ? []
      : [
          {
            path: ['cloud', 'zones', String(index)],
            message: `cloud.zones.${index}: ${zone} is not in region ${cloud.region}`,
          },
        ],
  );
}

function ports({ rtpengine }: Fleet): readonly Problem[] {
  const problems: Problem[] = [];
  const { min, max } = rtpengine.ports;
  if (max - min < 3) {
    problems.push({
      path: ['rtpengine', 'ports', 'max'],
      message: `rtpengine.ports.max: ${max} leaves fewer than the four ports of one call above min ${min}`,
    });
  }
  const taken = new Map<number, string>();
  for (const key of ['ngPort', 'cliPort', 'httpPort'] as const) {
    const port = rtpengine[key];
    const other = taken.get(port);
    const place = { path: ['rtpengine', key] };
    if (other !== undefined)
      problems.push({ ...place, message: `rtpengine.${key}: ${port} is also rtpengine.${other}` });
    if (port >= min && port <= max)
      problems.push({
        ...place,
        message: `rtpengine.${key}: ${port} lies in the media ports ${min}-${max}`,
      });
    taken.set(port, key);
  }
  return problems;
}

function redis({ redis }: Fleet): readonly Problem[] {
  if (redis.kind === 'none' || redis.database !== redis.controlDatabase) return [];
  return [
    {
      path: ['redis', 'controlDatabase'],
      message: `redis.controlDatabase: ${redis.controlDatabase} is also redis.database; flushing calls would flush the rollout's lock`,
    },
  ];
}

function size({ network, relays, cloud, rollout }: Fleet): readonly Problem[] {
  const relayCount = relays.perZone * cloud.zones.length;
  const problems: Problem[] = [];
  const room = rangeSize(network.range) - RESERVED_BY_GCE;
  if (relayCount > room) {
    problems.push({
      path: ['network', 'range'],
      message: `network.range: ${network.range} has room for ${room} machines, the fleet has ${relayCount} relays`,
    });
  }
  if (relayCount > 1 && countOf(rollout.maxUnavailable, relayCount, 1) >= relayCount) {
    problems.push({
      path: ['rollout', 'maxUnavailable'],
      message: `rollout.maxUnavailable: ${rollout.maxUnavailable} of ${relayCount} relays leaves none to take calls`,
    });
  }
  const lost = { none: 0, relay: 1, zone: relays.perZone }[rollout.reserve];
  if (lost > 0 && relayCount - 1 - lost < 1) {
    problems.push({
      path: ['rollout', 'reserve'],
      message: `rollout.reserve: of ${relayCount} relays, one that drains and one more ${rollout.reserve} leave none to take calls`,
    });
  }
  return problems;
}
