/**
 * Floating addresses: those of forwarding rules, which are delivered to whatever machine is the rule's target now. On GCE the machine sees the packets
 * untranslated, and takes them since its guest agent makes each address of `forwarded-ips` its own (cloud.google.com/load-balancing/docs/protocol-forwarding).
 */
import type { Lab } from './context.ts';
import type { Link } from './types.ts';

/** Address of each rule → instance that is its target, as links go; the instance may be gone. */
function targets(lab: Lab): readonly (readonly [address: string, instance: Link])[] {
  const { forwardingRules, targetInstances } = lab.state.tables;
  return Object.values(forwardingRules).flatMap(({ resource: { IPAddress, target } }) => {
    const instance = targetInstances[target ?? '']?.resource.instance;
    return IPAddress && instance ? [[IPAddress, instance] as const] : [];
  });
}

/** Floating addresses that this instance has now, sorted. */
export function forwardedTo(lab: Lab, instance: Link): readonly string[] {
  return targets(lab)
    .filter(([, each]) => each === instance)
    .map(([address]) => address)
    .toSorted();
}

/** Tells machines and host who has which address. What is delivered to a machine that is not there goes nowhere. */
export async function deliver(lab: Lab): Promise<void> {
  lab.wakeMetadata();
  const { instances } = lab.state.tables;
  const found = targets(lab).flatMap(([address, instance]) => {
    const to = instances[instance]?.resource.networkInterfaces?.[0]?.networkIP;
    return to ? [[address, to] as const] : [];
  });
  await lab.network.deliver(new Map(found));
}
