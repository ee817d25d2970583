/** Who may reach what over which port, and why, from the firewall rules that a stack declares. Pure. */
import { UNKNOWN } from '../evaluate/protocol.ts';
import { wordTraffic } from '../policies/network.ts';
import { type Rule, rulesOf } from '../policies/rules.ts';
import { isTheWorld } from '../policies/sources.ts';
import type { Resource } from './resource.ts';

export type Reach = {
  readonly from: readonly string[];
  readonly to: readonly string[];
  /** e.g. `udp 30000-40000`. */
  readonly traffic: readonly string[];
  readonly allowed: boolean;
  readonly direction: 'in' | 'out';
  readonly why: string;
  /** Name of the rule. */
  readonly rule: string;
};

const EVERY_MACHINE = ['every machine'];

/** In the order in which Google asks the rules: what comes in, then what goes out, by priority. */
export function reachOf(resources: readonly Resource[]): readonly Reach[] {
  return rulesOf({ resources })
    .toSorted((a, b) => order(a) - order(b))
    .map(reach);
}

function order({ direction, priority, allows }: Rule): number {
  return (direction === 'INGRESS' ? 0 : 1e6) + priority * 2 + (allows ? 1 : 0);
}

function reach({ resource, direction, allows, traffic, ranges, peers, targets, why }: Rule): Reach {
  const far = [...ranges.map(wordRange), ...peers.map(short)];
  const near = targets.length > 0 ? targets.map(short) : EVERY_MACHINE;
  const inwards = direction === 'INGRESS';
  return {
    from: inwards ? far : near,
    to: inwards ? near : far,
    traffic: traffic.map(wordTraffic),
    allowed: allows,
    direction: inwards ? 'in' : 'out',
    why,
    rule: String(resource.inputs.name ?? resource.name),
  };
}

function wordRange(range: string): string {
  if (range === UNKNOWN) return 'an address that is known once made';
  return isTheWorld([range]) ? `everyone (${range})` : range;
}

/** A service account by the part of its e-mail that tells it apart. */
function short(account: string): string {
  return account.split('@')[0] ?? account;
}
