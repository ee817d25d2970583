/** Firewall rules as the policies and the preview read them. Pure. */
import { type Declared, type Json, UNKNOWN } from '../evaluate/protocol.ts';
import { ofKind, records, type Subject, texts } from './subject.ts';

export type Rule = {
  readonly resource: Declared;
  readonly direction: 'INGRESS' | 'EGRESS';
  readonly allows: boolean;
  readonly priority: number;
  /** Protocols with their ports; no ports: all of them. */
  readonly traffic: readonly { readonly protocol: string; readonly ports: readonly string[] }[];
  /** Ranges at the far end: sources of what comes in, destinations of what goes out. */
  readonly ranges: readonly string[];
  /** Machines of the network at the far end, by tag or service account. */
  readonly peers: readonly string[];
  /** Machines that the rule is for, by tag or service account; none: every machine of the network. */
  readonly targets: readonly string[];
  readonly why: string;
};

/** GCE: the priority of a rule that names none. */
const USUAL_PRIORITY = 1000;

/** The rules of a stack that are in force. */
export function rulesOf(subject: Pick<Subject, 'resources'>): readonly Rule[] {
  const firewalls = ofKind(subject as Subject, 'compute/firewall');
  return firewalls.filter(({ inputs }) => inputs.disabled !== true).map(ruleOf);
}

function ruleOf(resource: Declared): Rule {
  const { inputs } = resource;
  const allows = records(inputs.allows);
  const egress = inputs.direction === 'EGRESS';
  const peers = egress ? [] : [...texts(inputs.sourceTags), ...texts(inputs.sourceServiceAccounts)];
  return {
    resource,
    direction: egress ? 'EGRESS' : 'INGRESS',
    allows: allows.length > 0,
    priority: typeof inputs.priority === 'number' ? inputs.priority : USUAL_PRIORITY,
    traffic: [...allows, ...records(inputs.denies)].map(trafficOf),
    ranges: rangesOf(inputs, egress ? 'destinationRanges' : 'sourceRanges', peers),
    peers,
    targets: [...texts(inputs.targetTags), ...texts(inputs.targetServiceAccounts)],
    why: typeof inputs.description === 'string' ? inputs.description : '',
  };
}

function trafficOf({ protocol, ports }: Json): Rule['traffic'][number] {
  return { protocol: String(protocol).toLowerCase(), ports: texts(ports) };
}

/** GCE: a rule that names nobody at the far end is for everyone. */
function rangesOf(inputs: Json, key: string, peers: readonly string[]): readonly string[] {
  if (inputs[key] === UNKNOWN) return [UNKNOWN];
  const ranges = texts(inputs[key]);
  return ranges.length === 0 && peers.length === 0 ? ['0.0.0.0/0'] : ranges;
}

/** Whether traffic of a rule reaches a port of a protocol. */
export function covers({ traffic }: Rule, protocol: string, port: number): boolean {
  return traffic.some(
    (one) =>
      ['all', protocol, PROTOCOL_NUMBER[protocol]].includes(one.protocol) &&
      (one.ports.length === 0 || one.ports.some((ports) => includes(ports, port))),
  );
}

const PROTOCOL_NUMBER: Readonly<Record<string, string>> = { tcp: '6', udp: '17' };

function includes(ports: string, port: number): boolean {
  const [low = Number.NaN, high = low] = ports.split('-').map(Number);
  return port >= low && port <= high;
}
