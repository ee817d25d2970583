/** Floating addresses on GCE: forwarding rules of internal protocol forwarding, each with the relay that it belongs to as a label. */
import { LABEL, METADATA } from '../../configs/naming.ts';
import { regionOf } from '../../configs/places.ts';
import type { Gce, GceAnswer } from '../../lib/gce.ts';
import type { Floating } from '../core/fleet.ts';
import type { VmRef } from '../ports.ts';
import type { Instance } from './gce-view.ts';

type Rule = GceAnswer<'forwardingRules', 'list'>[number];

/** Of all relays of a zone's region. */
export async function readRules(gce: Gce, fleet: string, zone: string): Promise<readonly Rule[]> {
  const rules = await gce.call('forwardingRules', 'list', { region: regionOf(zone) });
  return rules.filter(({ labels }) => labels?.[LABEL.fleet] === fleet && labels[LABEL.home] !== undefined);
}

/** The address of one relay, and those of others that it has; absent: it has no rule. Pure. */
export function floatingOf(
  { zone, name }: Pick<VmRef, 'zone' | 'name'>,
  rules: readonly Rule[],
  instance: Instance | undefined,
): { readonly floating?: Floating } {
  const rule = rules.find(({ labels }) => labels?.[LABEL.home] === name);
  if (rule === undefined) return {};
  const guests = rules.filter((one) => one !== rule && placeOf(one, zone) === name);
  const at = placeOf(rule, zone);
  const booted = instance?.metadata?.items?.find(({ key }) => key === METADATA.floating)?.value ?? '';
  return {
    floating: {
      address: rule.IPAddress ?? '',
      at,
      carries: guests.flatMap(({ labels }) => labels?.[LABEL.home] ?? []),
      ready: booted.split(',').filter((address) => address !== ''),
    },
  };
}

/** The target instance of a rule, which has the name of its relay; undefined: none in this zone. */
function placeOf({ target }: Rule, zone: string): string | undefined {
  return new RegExp(`/zones/${zone}/targetInstances/([^/]+)$`).exec(target ?? '')?.[1];
}

/** Packets to the address of `home` go to `to` from then on. Resolves once the operation is done. */
export async function moveAddress(
  gce: Gce,
  { zone, name }: Pick<VmRef, 'zone' | 'name'>,
  to: string,
): Promise<void> {
  const target = `https://www.googleapis.com/compute/v1/projects/${gce.project}/zones/${zone}/targetInstances/${to}`;
  const operation = await gce.call('forwardingRules', 'setTarget', {
    region: regionOf(zone),
    forwardingRule: name,
    targetReferenceResource: { target },
  });
  await gce.done(operation);
}
