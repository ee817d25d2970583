/**
 * How RTPEngine's metrics come to Cloud Monitoring: a collector scrapes the relays. Pure.
 *
 * Any Prometheus does; Google's build of it (Managed Service for Prometheus, self-deployed collection) and the Ops Agent write to Cloud
 * Monitoring. It runs where `rollout` runs, among `network.controllerSources`: nobody else reaches the relays' HTTP port, which knows no password.
 */
import { stringify } from 'yaml';
import type { Fleet } from '../../configs/fleet.ts';

type Target = { readonly name: string; readonly zone: string; readonly address: string };

/** The `scrape_configs` of a Prometheus for the relays that there are. Addresses are kept, so it holds until relays are added. */
export function scrapeConfig({ name, rtpengine }: Readonly<Fleet>, relays: readonly Target[]): string {
  const targets = relays.map((relay) => ({
    targets: [`${relay.address}:${rtpengine.httpPort}`],
    labels: { fleet: name, relay: relay.name, zone: relay.zone },
  }));
  const job = {
    job_name: `rtpfleet-${name}`,
    metrics_path: '/metrics',
    scrape_interval: '30s',
    static_configs: targets,
  };
  return stringify({ scrape_configs: [job] });
}
