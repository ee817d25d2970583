/**
 * Who may reach a relay, over what, and why: the one table that the firewall is made of. Pure.
 * What is not in it is closed; nothing but RTP is ever open to more than the ranges of the fleet file.
 */
import type { Fleet } from '../configs/fleet.ts';
import { rangesOf } from '../configs/places.ts';

/** Google's ranges for health checks (cloud.google.com/load-balancing/docs/health-check-concepts#ip-ranges). */
export const HEALTH_CHECK_RANGES: readonly string[] = ['35.191.0.0/16', '130.211.0.0/22'];
/** Identity-Aware Proxy's TCP forwarding (cloud.google.com/iap/docs/using-tcp-forwarding): SSH without an open port 22. */
export const IAP_RANGES: readonly string[] = ['35.235.240.0/20'];
/** Memorystore's ports without and with TLS (cloud.google.com/memorystore/docs/redis/about-in-transit-encryption). */
export const REDIS_PORT = 6379;
export const REDIS_TLS_PORT = 6378;

/** Network tag of a machine that runs `rollout` inside the fleet's network: it may reach Redis. */
export function controllerTag(fleet: string): string {
  return `${fleet}-controller`;
}

/** Network tag of the fleet's Redis machine: Google lets tags in only to tags. */
export function redisTag(fleet: string): string {
  return `${fleet}-redis`;
}

export type Opening = {
  /** Ends the firewall rule's name: `<fleet>-<name>`. */
  readonly name: string;
  /** IPv4 ranges that may connect. */
  readonly sources: readonly string[];
  readonly protocol: 'udp' | 'tcp';
  /** Single ports and ranges as GCE writes them, e.g. `30000-40000`. */
  readonly ports: readonly string[];
  /** One sentence; becomes the rule's description. */
  readonly why: string;
};

/** Everything that may reach a relay of this fleet. */
export function openings(fleet: Readonly<Fleet>): readonly Opening[] {
  const { network, rtpengine } = fleet;
  const own = rangesOf(fleet);
  const proxies = orOwn(network.proxySources, own);
  const controllers = orOwn(network.controllerSources, own);
  const media = [`${rtpengine.ports.min}-${rtpengine.ports.max}`];
  const ng = { sources: [...new Set([...proxies, ...controllers])], ports: [String(rtpengine.ngPort)] };
  return [
    {
      name: 'media',
      sources: network.mediaSources,
      protocol: 'udp',
      ports: media,
      why: 'RTP and RTCP of callers and carriers',
    },
    {
      name: 'probe',
      sources: controllers,
      protocol: 'udp',
      ports: media,
      why: 'RTP of the probe call before a relay is admitted',
    },
    { name: 'ng', ...ng, protocol: 'udp', why: 'ng from SIP proxies and the controller' },
    // An answer longer than a datagram (65,507 bytes: a list of some 1,900 calls) is never sent over UDP.
    { name: 'ng-tcp', ...ng, protocol: 'tcp', why: 'ng with answers that no datagram holds' },
    {
      name: 'control',
      sources: controllers,
      protocol: 'tcp',
      ports: [String(rtpengine.cliPort), String(rtpengine.httpPort)],
      why: 'CLI, HTTP and metrics, which know no password: one request can end every call',
    },
    {
      name: 'health',
      sources: HEALTH_CHECK_RANGES,
      protocol: 'tcp',
      ports: [String(rtpengine.httpPort)],
      why: "Google's health checks, for autohealing",
    },
    {
      name: 'ssh',
      sources: IAP_RANGES,
      protocol: 'tcp',
      ports: ['22'],
      why: 'SSH through Identity-Aware Proxy',
    },
  ];
}

/** An empty list in the fleet file means: only the fleet's own subnetworks. */
function orOwn(sources: readonly string[], own: readonly string[]): readonly string[] {
  return sources.length > 0 ? sources : own;
}
