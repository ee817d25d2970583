/** A whole fleet as one component: what a program of one's own declares to have relays beside its other resources. */
import { HealthCheck } from '@pulumi/gcp/compute/healthCheck.js';
import * as pulumi from '@pulumi/pulumi';
import { hasFloatingAddresses } from '../configs/floating.ts';
import { placesOf, regionOf } from '../configs/places.ts';
import type { Settings } from './config.ts';
import { FleetFirewall } from './firewall.ts';
import { type Addresses, floatingAddresses } from './floating.ts';
import { FleetIdentity } from './identity.ts';
import { FleetMonitoring } from './monitoring.ts';
import { FleetNetwork } from './network.ts';
import type { RedisPlace } from './redis/place.ts';
import { FleetRedis } from './redis.ts';
import { relayTemplate } from './template.ts';
import { RelayZone } from './zone.ts';

/**
 *   const fleet = new RelayFleet('media', { fleet: loadFleet('prod.yaml'), image: 'rtpengine-…', protect: true, secretsEndpoint: SECRET_MANAGER });
 */
export class RelayFleet extends pulumi.ComponentResource {
  readonly network: FleetNetwork;
  readonly identity: FleetIdentity;
  readonly redis: RedisPlace | undefined;
  /** Floating addresses by the name of their relay; empty: relays have none. */
  readonly addresses: Addresses;
  /** Self link of the template that each region's groups want; with floating addresses, of each zone's. */
  readonly templates: ReadonlyMap<string, pulumi.Output<string>>;
  /** In the order of the fleet file's zones. */
  readonly zones: readonly RelayZone[];

  constructor(name: string, settings: Settings, opts?: pulumi.ComponentResourceOptions) {
    super('rtpfleet:infra:RelayFleet', name, {}, opts);
    const { fleet } = settings;
    const child = { parent: this };
    this.network = new FleetNetwork(`${name}-network`, fleet, child);
    this.identity = new FleetIdentity(name, fleet, child);
    const { network, identity } = this;
    const { relay, controller } = identity;
    const redis =
      fleet.redis.kind === 'none'
        ? undefined
        : new FleetRedis(`${name}-redis`, { settings, network, relay, controller }, child);
    this.redis = redis?.place;
    const redisHost = fleet.redis.kind === 'memorystore' ? this.redis?.host : undefined;
    const redisAccount = redis?.account;
    new FleetFirewall(
      `${name}-firewall`,
      { fleet, network: network.network, relayAccount: relay, redisHost, redisAccount },
      child,
    );
    this.addresses = floatingAddresses(name, fleet, network, this);
    this.templates = templates(name, settings, this, this);
    this.zones = zones(name, settings, this, this);
    if (fleet.monitoring.enabled) new FleetMonitoring(`${name}-monitoring`, fleet, child);
    this.registerOutputs({ templates: Object.fromEntries(this.templates) });
  }
}

type Parts = Pick<RelayFleet, 'network' | 'identity' | 'redis' | 'addresses'>;

/** A subnetwork is a region's, so a template is too; the addresses that its relays may come to carry are a zone's. */
function templates(
  name: string,
  settings: Settings,
  { network, identity, redis, addresses }: Parts,
  parent: pulumi.Resource,
): ReadonlyMap<string, pulumi.Output<string>> {
  const account = identity.relay;
  const made = (key: string, region: string, zone?: string) => {
    const subnetwork = network.subnetworks.get(region);
    if (subnetwork === undefined) return [];
    const inputs = { settings, region, zone, subnetwork, account, redis, addresses };
    return [[key, relayTemplate(`${name}-${key}`, inputs, parent).selfLink] as const];
  };
  const { zones } = settings.fleet.cloud;
  if (hasFloatingAddresses(settings.fleet))
    return new Map(zones.flatMap((zone) => made(zone, regionOf(zone), zone)));
  return new Map([...network.subnetworks.keys()].flatMap((region) => made(region, region)));
}

function zones(
  name: string,
  settings: Settings,
  { network, redis, addresses, templates }: Parts & Pick<RelayFleet, 'templates'>,
  parent: pulumi.Resource,
): readonly RelayZone[] {
  const health = healthCheck(name, settings, parent);
  const made = placesOf(settings.fleet).flatMap(({ region, zones: inRegion }) =>
    inRegion.flatMap((zone) => {
      const template = templates.get(zone) ?? templates.get(region);
      if (template === undefined) return [];
      const inputs = { settings, zone, template, health, network, redis, addresses };
      return [new RelayZone(`${name}-${zone}`, inputs, { parent })];
    }),
  );
  const order = settings.fleet.cloud.zones;
  return made.toSorted((a, b) => order.indexOf(a.zone) - order.indexOf(b.zone));
}

/**
 * What autohealing asks: RTPEngine's own `GET /ping`, which answers 200 as long as the process serves requests. A cordoned or draining
 * relay answers it like any other (a session limit refuses offers, not requests), so a drain never looks like an illness; only a
 * process that is dead for 30 s is re-created, and its calls are lost already.
 */
function healthCheck(name: string, { fleet }: Settings, parent: pulumi.Resource): pulumi.Output<string> {
  const check = new HealthCheck(
    name,
    {
      project: fleet.cloud.project,
      name: `${fleet.name}-relay`,
      description: 'RTPEngine answers on its HTTP port',
      checkIntervalSec: 10,
      timeoutSec: 5,
      healthyThreshold: 1,
      unhealthyThreshold: 3,
      httpHealthCheck: { port: fleet.rtpengine.httpPort, requestPath: '/ping' },
    },
    { parent },
  );
  return check.selfLink;
}
