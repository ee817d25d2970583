/** Policies of the network: who gets in. Pure. */
import type { Fleet } from '../../configs/fleet.ts';
import { LABEL } from '../../configs/naming.ts';
import { UNKNOWN } from '../evaluate/protocol.ts';
import { controllerTag, HEALTH_CHECK_RANGES, IAP_RANGES, REDIS_PORT, REDIS_TLS_PORT } from '../ports.ts';
import { covers, type Rule, rulesOf } from './rules.ts';
import { isTheWorld, isWithin } from './sources.ts';
import { findings, ofKind, type Policy, record, records, type Subject, texts } from './subject.ts';

function incoming(subject: Subject): readonly Rule[] {
  return rulesOf(subject).filter(({ direction, allows }) => direction === 'INGRESS' && allows);
}

const onlyRtpIsPublic: Policy = {
  name: 'only-rtp-is-public',
  rule: 'Nothing but RTP is open to the world.',
  broken: (subject) =>
    incoming(subject)
      .filter(({ ranges }) => isTheWorld(ranges))
      .flatMap(({ resource, traffic }) => {
        const { min, max } = subject.fleet.rtpengine.ports;
        const others = traffic.filter(
          ({ protocol, ports }) => protocol !== 'udp' || !isAmong(ports, min, max),
        );
        return findings(
          resource,
          others.map(wordTraffic).map((what) => `it opens ${what} to the world`),
        );
      }),
};

function isAmong(ports: readonly string[], min: number, max: number): boolean {
  const bounds = ports.flatMap((port) => port.split('-').map(Number));
  return bounds.length > 0 && bounds.every((port) => port >= min && port <= max);
}

/** `udp 30000-40000`; `every port of tcp`. */
export function wordTraffic({ protocol, ports }: Rule['traffic'][number]): string {
  if (ports.length > 0) return `${protocol} ${ports.join(', ')}`;
  return protocol === 'all' ? 'every port' : `every port of ${protocol}`;
}

type Guarded = {
  readonly what: string;
  readonly protocol: string;
  readonly port: number;
  /** Ranges that may reach it. */
  readonly by: readonly string[];
};

/** The ports that know no password, and who needs them. */
function guardedPorts({ network, rtpengine }: Fleet, subnetworks: readonly string[]): readonly Guarded[] {
  const controllers = [...network.controllerSources, ...subnetworks];
  const proxies = [...network.proxySources, ...controllers];
  const redis = { what: 'Redis', protocol: 'tcp', by: controllers };
  return [
    { what: 'ng', protocol: 'udp', port: rtpengine.ngPort, by: proxies },
    { what: 'ng', protocol: 'tcp', port: rtpengine.ngPort, by: proxies },
    { what: 'the CLI', protocol: 'tcp', port: rtpengine.cliPort, by: controllers },
    { what: 'HTTP', protocol: 'tcp', port: rtpengine.httpPort, by: [...controllers, ...HEALTH_CHECK_RANGES] },
    { what: 'SSH', protocol: 'tcp', port: 22, by: IAP_RANGES },
    { ...redis, port: REDIS_PORT },
    { ...redis, port: REDIS_TLS_PORT },
  ];
}

const controlIsPrivate: Policy = {
  name: 'control-is-private',
  rule: 'ng, CLI, HTTP, SSH and Redis are reached only from the ranges that need them.',
  broken: (subject) => {
    const subnetworks = ofKind(subject, 'compute/subnetwork').map(({ inputs }) => String(inputs.ipCidrRange));
    const guarded = guardedPorts(subject.fleet, subnetworks);
    return incoming(subject).flatMap((rule) =>
      guarded
        .filter(({ protocol, port }) => covers(rule, protocol, port))
        .flatMap(({ what, port, by }) => {
          const strangers = rule.ranges.filter((range) => !isWithin(range, by));
          const who = strangers.map((range) => (range === UNKNOWN ? 'a range that nobody knows yet' : range));
          return findings(
            rule.resource,
            who.map((range) => `it lets ${range} reach ${what} (port ${port})`),
          );
        }),
    );
  },
};

const SOURCES = ['sourceRanges', 'sourceTags', 'sourceServiceAccounts'];

const rulesExplainThemselves: Policy = {
  name: 'rules-explain-themselves',
  rule: 'Every firewall rule that lets in says whom, to what machines, and why.',
  broken: (subject) =>
    incoming(subject).flatMap(({ resource, targets, why }) =>
      findings(resource, [
        ...(why.trim() === '' ? ['it does not say why it is there (description)'] : []),
        ...(targets.length === 0 ? ['it is for every machine of the network (no target)'] : []),
        ...(SOURCES.every((key) => resource.inputs[key] === undefined)
          ? ['it does not say who may come in (sourceRanges)']
          : []),
      ]),
    ),
};

/** Machines by what their label says that they are. */
function machinesOf(subject: Subject, role: string) {
  const machines = ofKind(subject, 'compute/instance', 'compute/instanceTemplate');
  return machines.filter(({ inputs }) => record(inputs.labels)[LABEL.role] === role);
}

const redisIsPrivate: Policy = {
  name: 'redis-is-private',
  rule: 'Redis has no external address, and stands in the network of the fleet.',
  broken: (subject) => [
    ...machinesOf(subject, 'redis')
      .filter(({ inputs }) => records(inputs.networkInterfaces).some(hasExternalAddress))
      .map((resource) => ({ resource, message: 'it has an external address (accessConfigs)' })),
    ...ofKind(subject, 'redis/instance')
      .filter(({ inputs }) => inputs.authorizedNetwork === undefined)
      .map((resource) => ({ resource, message: 'it names no network, so it opens to the default one' })),
  ],
};

function hasExternalAddress({ accessConfigs }: { readonly accessConfigs?: unknown }): boolean {
  return Array.isArray(accessConfigs) && accessConfigs.length > 0;
}

const redisIsLocked: Policy = {
  name: 'redis-is-locked',
  rule: 'In the network of the fleet only relays and the controller get to Memorystore.',
  broken: (subject) => {
    const outgoing = rulesOf(subject).filter(({ direction }) => direction === 'EGRESS');
    const reaches = (rule: Rule) => covers(rule, 'tcp', REDIS_PORT) || covers(rule, 'tcp', REDIS_TLS_PORT);
    const locks = outgoing.filter(
      (rule) =>
        !rule.allows &&
        rule.targets.length === 0 &&
        covers(rule, 'tcp', REDIS_PORT) &&
        covers(rule, 'tcp', REDIS_TLS_PORT),
    );
    const keys = outgoing.filter((rule) => rule.allows && reaches(rule));
    const open = keys.filter(({ targets }) => targets.length === 0);
    const late = keys.filter(({ priority }) => locks.some((lock) => lock.priority <= priority));
    return [
      ...ofKind(subject, 'redis/instance')
        .filter(() => locks.length === 0)
        .map((resource) => ({
          resource,
          message: 'no rule keeps the other machines of the network from it',
        })),
      ...open.map(({ resource }) => ({ resource, message: 'it lets every machine of the network to Redis' })),
      ...late.map(({ resource }) => ({ resource, message: 'the rule that denies the rest comes before it' })),
    ];
  },
};

const redisIsForItsOwn: Policy = {
  name: 'redis-is-for-its-own',
  rule: 'What lets machines in to Redis names the relays and the controller, and nobody else.',
  broken: (subject) =>
    incoming(subject)
      .filter((rule) => covers(rule, 'tcp', REDIS_PORT))
      .flatMap(({ resource, peers }) => {
        const { name } = subject.fleet;
        const strangers = peers.filter(
          (peer) => peer !== controllerTag(name) && !peer.startsWith(`${name}-relay@`),
        );
        return findings(
          resource,
          strangers.map((peer) => `it lets ${peer} reach Redis`),
        );
      }),
};

const networkIsItsOwn: Policy = {
  name: 'network-is-its-own',
  rule: 'Nothing stands in the default network, and no subnetwork comes by itself.',
  broken: (subject) => [
    ...ofKind(subject, 'compute/network')
      .filter(({ inputs }) => inputs.autoCreateSubnetworks !== false)
      .map((resource) => ({ resource, message: 'it makes a subnetwork in every region of Google' })),
    ...subject.resources
      .filter(({ inputs }) => networksOf(inputs).some((link) => /(^|\/)default$/.test(link)))
      .map((resource) => ({ resource, message: 'it stands in the default network' })),
  ],
};

function networksOf(inputs: Subject['resources'][number]['inputs']): readonly string[] {
  const nics = records(inputs.networkInterfaces).flatMap(({ network, subnetwork }) => [network, subnetwork]);
  return texts([inputs.network, inputs.subnetwork, inputs.authorizedNetwork, ...nics]);
}

export const NETWORK_POLICIES: readonly Policy[] = [
  onlyRtpIsPublic,
  controlIsPrivate,
  rulesExplainThemselves,
  redisIsPrivate,
  redisIsLocked,
  redisIsForItsOwn,
  networkIsItsOwn,
];
