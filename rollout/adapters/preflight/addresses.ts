/**
 * Does every relay come back under its address, and is there one where it needs another? A group that keeps addresses
 * gives the new VM that of the old one; only then is none needed. Pure.
 */
import { regionOf } from '../../../configs/places.ts';
import { lastSegment } from '../gce-view.ts';
import {
  type Address,
  type Facts,
  type GroupFacts,
  known,
  type OldRelay,
  ownSubnetwork,
  type Subnetwork,
} from './facts.ts';
import { stop, type Trouble, unseen, warn } from './trouble.ts';

export function addressTroubles(facts: Facts): readonly Trouble[] {
  return [
    ...facts.groups.flatMap((group) => [
      ...lost(group),
      ...moved(group, facts),
      ...group.old.flatMap((relay) => reservations(relay, group, facts)),
    ]),
    ...fullSubnetworks(facts),
  ];
}

function keepsInternal({ group }: GroupFacts): boolean {
  return group.statefulPolicy?.preservedState?.internalIPs?.nic0 !== undefined;
}

function lost(group: GroupFacts): readonly Trouble[] {
  if (keepsInternal(group)) return [];
  return [
    warn(
      `The group ${group.name} in ${group.zone} does not keep internal addresses: a new relay may come back under another, which no SIP proxy knows.`,
      'Make nic0 stateful: pulumi up.',
    ),
  ];
}

/** An address belongs to its subnetwork; a template that names another cannot have it. */
function moved(group: GroupFacts, facts: Facts): readonly Trouble[] {
  if (!keepsInternal(group)) return [];
  const to = subnetworkOf(group, facts);
  const away = group.old.filter((relay) => isElsewhere(relay, to));
  const [first] = away;
  if (first === undefined) return [];
  const nic = first.instance?.networkInterfaces?.[0];
  return [
    stop(
      `Template ${group.template} puts relays into the subnetwork ${to}, and ${first.name} keeps ${nic?.networkIP} of ${lastSegment(nic?.subnetwork)}${away.length > 1 ? `; so do ${away.length - 1} others of ${group.zone}` : ''}.`,
      'A relay cannot move to another subnetwork with its address: make a second fleet there.',
    ),
  ];
}

function subnetworkOf({ template }: GroupFacts, { templates }: Facts): string {
  return lastSegment(known(templates.get(template))?.properties?.networkInterfaces?.[0]?.subnetwork);
}

function isElsewhere({ instance }: OldRelay, to: string): boolean {
  const from = lastSegment(instance?.networkInterfaces?.[0]?.subnetwork);
  return from !== '' && to !== '' && from !== to;
}

/** Addresses that are reserved for a relay must still be there, and nobody else's. */
function reservations(
  { name, managed }: OldRelay,
  { zone }: GroupFacts,
  { addresses }: Facts,
): readonly Trouble[] {
  const region = regionOf(zone);
  const listed = addresses.get(region);
  if (listed?.kind === 'refused') return [unseen(`The reserved addresses of ${region}`, listed.because)];
  if (listed?.kind !== 'known') return [];
  const { internalIPs, externalIPs } = managed.preservedStateFromPolicy ?? {};
  const kept = [internalIPs?.nic0, externalIPs?.nic0].map((one) => one?.ipAddress ?? {});
  return kept.flatMap(({ address, literal }) => {
    const link = lastSegment(address);
    const found = listed.value.find((one) => (link === '' ? one.address === literal : one.name === link));
    if (found === undefined)
      return link === ''
        ? []
        : [
            stop(
              `${name} keeps the reserved address ${link}, and ${region} has none of that name.`,
              `Reserve it again: gcloud compute addresses create ${link} --region ${region}; or take it out of the relay's stateful addresses.`,
            ),
          ];
    return usedElsewhere(name, found);
  });
}

function usedElsewhere(name: string, { name: address, address: ip, users }: Address): readonly Trouble[] {
  const others = (users ?? []).map(lastSegment).filter((user) => user !== name);
  if (others.length === 0) return [];
  return [
    stop(
      `The address ${address} (${ip}) that ${name} keeps is used by ${others.join(', ')}.`,
      `Take it off ${others.join(', ')} first.`,
    ),
  ];
}

/** Relays whose address is not kept take a free one of their subnetwork. */
function fullSubnetworks(facts: Facts): readonly Trouble[] {
  const needs = new Map<string, number>();
  for (const group of facts.groups) {
    const key = ownSubnetwork(known(facts.templates.get(group.template)), facts.project);
    needs.set(key, (needs.get(key) ?? 0) + newAddresses(group, subnetworkOf(group, facts)));
  }
  return [...needs].flatMap(([key, need]) => {
    const subnetwork = facts.subnetworks.get(key);
    if (need === 0 || subnetwork?.kind !== 'known') return [];
    const free = freeIn(subnetwork.value);
    if (free === undefined || free >= need) return [];
    return [
      stop(
        `The subnetwork ${key} has ${free} free addresses, and ${need} new relays need one each.`,
        'Widen its range: gcloud compute networks subnets expand-ip-range.',
      ),
    ];
  });
}

/** A VM gives its address back before the next one is made, unless it is one of another subnetwork or there is no VM. */
function newAddresses(group: GroupFacts, to: string): number {
  if (keepsInternal(group)) return 0;
  return group.old.filter((relay) => relay.instance === undefined || isElsewhere(relay, to)).length;
}

/** undefined: it is not told. */
function freeIn({ utilizationDetails }: Subnetwork): number | undefined {
  const ranges = utilizationDetails?.ipv4Utilizations ?? [];
  const primary = ranges.find(({ rangeName }) => !rangeName);
  return primary?.totalFreeIp === undefined || primary.totalFreeIp === null
    ? undefined
    : Number(primary.totalFreeIp);
}
