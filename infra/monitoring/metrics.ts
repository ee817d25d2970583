/**
 * What Cloud Monitoring knows of a relay, as PromQL. Pure.
 *
 * RTPEngine's own metrics (`GET /metrics` of its HTTP port; names read from mr10.5, 12.5, 13.4 and 26.0) get there through a collector that
 * scrapes the relays: see scrape.ts. GCE's own metrics are there without one.
 */

/** Metrics of RTPEngine in all versions that images hold, unless noted. */
export const RTPENGINE = {
  sessions: 'rtpengine_sessions',
  closedSessions: 'rtpengine_closed_sessions_total',
  packets: 'rtpengine_packets_total',
  portsUsed: 'rtpengine_ports_used',
  ports: 'rtpengine_ports',
  /** From mr12.5. */
  packetsLost: 'rtpengine_packets_lost',
  oneWay: 'rtpengine_one_way_sessions_total',
} as const;

/** Seconds since a VM was started, `compute.googleapis.com/instance/uptime_total`. */
const VM_UPTIME = 'compute_googleapis_com:instance_uptime_total';
const VM_CPU = 'compute_googleapis_com:instance_cpu_utilization';

/** GCE's own metrics, of the VMs that carry the labels of a role (cloud.google.com/monitoring/promql/promql-mapping, metadata labels). */
function machines(fleet: string, role: 'relay' | 'redis'): string {
  return `monitored_resource="gce_instance",metadata_user_rtpfleet="${fleet}",metadata_user_rtpfleet_role="${role}"`;
}

/** RTPEngine's metrics, with the labels that scrape.ts gives them. */
function ofFleet(fleet: string): string {
  return `fleet="${fleet}"`;
}

/** Share of a relay's media ports that are in use, percent. */
export function portsInUse(fleet: string): string {
  const of = ofFleet(fleet);
  return `100 * sum by (relay) (${RTPENGINE.portsUsed}{${of}}) / sum by (relay) (${RTPENGINE.ports}{${of}})`;
}

/** RTP packets that a relay should have got and did not, percent of all, over five minutes. */
export function packetLoss(fleet: string): string {
  const of = ofFleet(fleet);
  const lost = `sum by (relay) (rate(${RTPENGINE.packetsLost}{${of}}[5m]))`;
  const got = `sum by (relay) (rate(${RTPENGINE.packets}{${of}}[5m]))`;
  return `100 * ${lost} / (${lost} + ${got})`;
}

/** New calls that a relay refuses, per second: it is cordoned, or full. */
export function refusals(fleet: string): string {
  return `sum by (relay) (rate(${RTPENGINE.closedSessions}{${ofFleet(fleet)},reason="rejected"}[5m]))`;
}

/** Calls on a relay, its own and those that it serves for others. */
export function calls(fleet: string): string {
  return `sum by (relay) (${RTPENGINE.sessions}{${ofFleet(fleet)}})`;
}

/** Packets a second through a relay. */
export function packetRate(fleet: string): string {
  return `sum by (relay) (rate(${RTPENGINE.packets}{${ofFleet(fleet)}}[5m]))`;
}

/** Calls that ended with media in one direction only, per second. */
export function oneWayCalls(fleet: string): string {
  return `sum by (relay) (rate(${RTPENGINE.oneWay}{${ofFleet(fleet)}}[5m]))`;
}

/** Days since a relay's VM was started; its image is at least that old. */
export function daysUp(fleet: string): string {
  return `max by (instance_name) (${VM_UPTIME}{${machines(fleet, 'relay')}}) / 86400`;
}

/** Share of a relay's processors in use, percent. */
export function processors(fleet: string): string {
  return `100 * max by (instance_name) (${VM_CPU}{${machines(fleet, 'relay')}})`;
}

/** Has a value while the machine with Redis does not run. */
export function redisAway(fleet: string): string {
  return `absent(${VM_UPTIME}{${machines(fleet, 'redis')}})`;
}
