/** Rules between values of a fleet file that JSON Schema cannot say. Pure. */
import type { Fleet } from './fleet.ts';
import { floating } from './floating.ts';
import { instances } from './instances.ts';
import type { Problem } from './load.ts';
import { isArm } from './machine-type.ts';
import { type Place, placesOf, regionOf, relayCount } from './places.ts';
import { overlap } from './range.ts';
import { needOf, roomOf } from './room.ts';
import { logs, ownOptions, tuning } from './rules-of-nodes.ts';
import { redis } from './rules-of-redis.ts';
import { countOf } from './share.ts';

export function contradictions(fleet: Fleet): readonly Problem[] {
  return [
    ...zones(fleet),
    ...ports(fleet),
    ...instances(fleet),
    ...guestAgent(fleet),
    ...secureBoot(fleet),
    ...architecture(fleet),
    ...redis(fleet),
    ...floating(fleet),
    ...proxies(fleet),
    ...size(fleet),
    ...ownOptions(fleet),
    ...tuning(fleet),
    ...logs(fleet),
  ];
}

/** Every region with zones needs a subnetwork of its own, and ranges of one network must not meet. */
function zones(fleet: Fleet): readonly Problem[] {
  const { cloud, network } = fleet;
  const places = placesOf(fleet);
  const homeless = cloud.zones.flatMap((zone, index) =>
    regionOf(zone) === cloud.region || network.ranges[regionOf(zone)] !== undefined
      ? []
      : [
          {
            path: ['cloud', 'zones', String(index)],
            message: `cloud.zones.${index}: ${zone} is not in region ${cloud.region}, and network.ranges has no range for ${regionOf(zone)}`,
          },
        ],
  );
  const idle = Object.keys(network.ranges)
    .filter((region) => region === cloud.region || !places.some((place) => place.region === region))
    .map((region) => ({
      path: ['network', 'ranges', region],
      message:
        region === cloud.region
          ? `network.ranges.${region}: the range of the home region is network.range`
          : `network.ranges.${region}: no zone of the fleet is in ${region}`,
    }));
  return [...homeless, ...idle, ...overlaps(places)];
}

function overlaps(places: readonly Place[]): readonly Problem[] {
  const known = places.flatMap(({ region, range }) => (range === undefined ? [] : [{ region, range }]));
  return known.flatMap(({ region, range }, index) => {
    const other = known.slice(0, index).find((before) => overlap(before.range, range));
    return other === undefined
      ? []
      : [
          {
            path: ['network', 'ranges', region],
            message: `network.ranges.${region}: ${range} overlaps ${other.range} of ${other.region}`,
          },
        ];
  });
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

function guestAgent({ image: { guestAgent } }: Fleet): readonly Problem[] {
  if (guestAgent.from === 'debian') return [];
  return (['repository', 'suite', 'key', 'fingerprint'] as const)
    .filter((key) => guestAgent[key] === undefined)
    .map((key) => ({
      path: ['image', 'guestAgent'],
      message: `image.guestAgent.${key}: must be given for the agent of Google's repository`,
    }));
}

/** Debian 13's kernel takes modules that a key of the firmware's database signed (measured: 6.12.117); of others it is not known. */
function secureBoot({ image, rtpengine }: Fleet): readonly Problem[] {
  const { secureBoot, base } = image;
  if (secureBoot === undefined || rtpengine.kernel !== 'required' || base === 'debian-13') return [];
  return [
    {
      path: ['rtpengine', 'kernel'],
      message: `rtpengine.kernel: required cannot be had with image.secureBoot on ${base}: whether its kernel takes RTPEngine's module is not known`,
    },
  ];
}

/** A machine starts only images of its own architecture. */
function architecture({ image, relays, rtpengine }: Fleet): readonly Problem[] {
  const arm = isArm(relays.machineType);
  const problems: Problem[] = [];
  if (arm !== (image.architecture === 'arm64'))
    problems.push({
      path: ['relays', 'machineType'],
      message: `relays.machineType: ${relays.machineType} is ${arm ? 'an arm64' : 'an amd64'} machine, and image.architecture is ${image.architecture}`,
    });
  if (image.architecture === 'arm64' && rtpengine.kernel !== 'off')
    problems.push({
      path: ['rtpengine', 'kernel'],
      message: `rtpengine.kernel: ${rtpengine.kernel} cannot be had with image.architecture arm64, for which no module is built`,
    });
  return problems;
}

function proxies({ proxies }: Fleet): readonly Problem[] {
  return proxies.flatMap(({ kind, whileAway }, index) =>
    kind === 'kamailio' || whileAway === undefined
      ? []
      : [
          {
            path: ['proxies', String(index), 'whileAway'],
            message: `proxies.${index}.whileAway: is for Kamailio; OpenSIPS cannot be told while it runs how long to wait`,
          },
        ],
  );
}

/** Each subnetwork must hold the relays of its zones. */
function size(fleet: Fleet): readonly Problem[] {
  const crowded = placesOf(fleet).flatMap((place) => {
    const { region, range } = place;
    if (range === undefined) return [];
    const { addresses, what } = needOf(fleet, place);
    const path = region === fleet.cloud.region ? ['network', 'range'] : ['network', 'ranges', region];
    const message = `${path.join('.')}: ${range} has room for ${roomOf(range)} machines, the fleet has ${addresses} ${what} there`;
    return addresses > roomOf(range) ? [{ path, message }] : [];
  });
  return [...crowded, ...budget(fleet)];
}

/** What a rollout may take away must leave a relay that takes calls. */
function budget(fleet: Fleet): readonly Problem[] {
  const { relays, rollout } = fleet;
  const count = relayCount(fleet);
  const problems: Problem[] = [];
  if (count > 1 && countOf(rollout.maxUnavailable, count, 1) >= count) {
    problems.push({
      path: ['rollout', 'maxUnavailable'],
      message: `rollout.maxUnavailable: ${rollout.maxUnavailable} of ${count} relays leaves none to take calls`,
    });
  }
  if (!isTimeZone(rollout.timeZone)) {
    problems.push({
      path: ['rollout', 'timeZone'],
      message: `rollout.timeZone: ${JSON.stringify(rollout.timeZone)} is no time zone; write it as Europe/Berlin`,
    });
  }
  for (const [index, { from, to }] of rollout.windows.entries())
    if (from === to)
      problems.push({
        path: ['rollout', 'windows', String(index), 'to'],
        message: `rollout.windows.${index}: it ends at ${to}, when it begins`,
      });
  const lost = { none: 0, relay: 1, zone: relays.perZone }[rollout.reserve];
  if (lost > 0 && count - 1 - lost < 1) {
    problems.push({
      path: ['rollout', 'reserve'],
      message: `rollout.reserve: of ${count} relays, one that drains and one more ${rollout.reserve} leave none to take calls`,
    });
  }
  return problems;
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-GB', { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}
