/** When people are told, and what they are told. Pure. */
import type { Fleet } from '../../configs/fleet.ts';
import { groupName } from '../../configs/naming.ts';
import { daysUp, packetLoss, portsInUse, redisAway, refusals } from './metrics.ts';

export type Condition =
  /** A PromQL expression that has a value for so many seconds. */
  | { readonly kind: 'promql'; readonly query: string; readonly forSeconds: number }
  /** A line of the log that matches. */
  | { readonly kind: 'log'; readonly filter: string };

export type Alert = {
  /** Ends the resource's name. */
  readonly name: string;
  readonly title: string;
  readonly severity: 'CRITICAL' | 'ERROR' | 'WARNING';
  /** What it means and what to do; becomes the text of the notification. */
  readonly text: string;
  /** Whether it needs RTPEngine's own metrics, hence a collector (scrape.ts). */
  readonly needsCollector: boolean;
  readonly condition: Condition;
};

/** Every alert of a fleet. */
export function alertsOf(fleet: Readonly<Fleet>): readonly Alert[] {
  const redis = fleet.redis.kind === 'vm' ? [redisDown(fleet)] : [];
  return [relayDown(fleet), ...fromCollector(fleet), oldImage(fleet), ...redis];
}

/**
 * A group logs every change of a relay's health by its health check, which asks RTPEngine itself every 10 s
 * (cloud.google.com/compute/docs/instance-groups/monitoring-managed-instance-health-state-changes). Why no uptime check asks: infra/README.md.
 */
function relayDown(fleet: Readonly<Fleet>): Alert {
  const groups = fleet.cloud.zones.map((zone) => `"${groupName(fleet.name, zone)}"`).join(' OR ');
  return {
    name: 'relay-down',
    title: `${fleet.name}: a relay does not answer`,
    severity: 'CRITICAL',
    text: 'RTPEngine of a relay has answered no health check for 30 s; its calls are lost, and its group re-creates it unless the fleet file says `relays.onUnhealthy: report`. Look with `rollout status` and `rollout verify`.',
    needsCollector: false,
    condition: {
      kind: 'log',
      filter: [
        'resource.type="gce_instance_group_manager"',
        `resource.labels.instance_group_manager_name=(${groups})`,
        'jsonPayload.instanceHealthStateChange.detailedHealthState=("UNHEALTHY" OR "TIMEOUT")',
      ].join('\nAND '),
    },
  };
}

function fromCollector({ name, monitoring, rollout }: Readonly<Fleet>): readonly Alert[] {
  const { portsPercent, lossPercent } = monitoring;
  const collected = { needsCollector: true } as const;
  const ports: Alert = {
    ...collected,
    name: 'ports',
    title: `${name}: a relay runs out of media ports`,
    severity: 'ERROR',
    text: `More than ${portsPercent} % of a relay's media ports are in use; an audio call takes four. Add relays (\`relays.perZone\`), or widen \`rtpengine.ports\`.`,
    condition: { kind: 'promql', query: `${portsInUse(name)} > ${portsPercent}`, forSeconds: 120 },
  };
  const loss: Alert = {
    ...collected,
    name: 'loss',
    title: `${name}: a relay misses RTP packets`,
    severity: 'WARNING',
    text: `More than ${lossPercent} % of the RTP packets that a relay should get did not arrive. All relays: look at the carriers and the network. One relay: at its processors and socket buffers.`,
    condition: { kind: 'promql', query: `${packetLoss(name)} > ${lossPercent}`, forSeconds: 300 },
  };
  // A cordon shows in no metric, but the calls that a cordoned relay refuses do, for as long as a proxy offers it any.
  const held: Alert = {
    ...collected,
    name: 'held',
    title: `${name}: a relay has refused calls for too long`,
    severity: 'WARNING',
    text: 'A relay has refused new calls all the time that a drain may take (`rollout.drainSeconds`): a drain is held up, somebody forgot a cordon, or the relay is full. `rollout sessions` lists what holds it.',
    condition: {
      kind: 'promql',
      query: `${refusals(name)} > 0`,
      forSeconds: heldSeconds(rollout.drainSeconds),
    },
  };
  return [ports, loss, held];
}

/** Cloud Monitoring retests for at most 23.5 h, in steps of 30 s. A drain that may wait for ever is told after that time. */
function heldSeconds(drainSeconds: number): number {
  const longest = 23.5 * 3_600;
  return Math.min(longest, Math.ceil((drainSeconds || longest) / 30) * 30);
}

/** GCE tells of a running machine once a minute. What Redis itself does on it, systemd looks after. */
function redisDown({ name }: Readonly<Fleet>): Alert {
  return {
    name: 'redis-down',
    title: `${name}: the machine with Redis does not run`,
    severity: 'ERROR',
    text: 'GCE starts it again where it can; if its zone is away, it waits for that. Calls go on. Rollouts lock on their own machine only, so run one at a time; a fleet of one relay keeps no calls over a restart meanwhile.',
    needsCollector: false,
    condition: { kind: 'promql', query: redisAway(name), forSeconds: 300 },
  };
}

/** A relay only gets another image by being replaced, so one that runs for long has an image at least as old. */
function oldImage({ name, monitoring }: Readonly<Fleet>): Alert {
  const { imageDays } = monitoring;
  return {
    name: 'image-age',
    title: `${name}: a relay runs an old image`,
    severity: 'WARNING',
    text: `A relay has run for more than ${imageDays} days, so its image misses at least so many days of security updates. Build one and roll it: \`image:build\`, \`pulumi up\`, \`rollout --drain\`.`,
    needsCollector: false,
    condition: { kind: 'promql', query: `${daysUp(name)} > ${imageDays}`, forSeconds: 3_600 },
  };
}
