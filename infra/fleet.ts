/** A whole fleet as one component: what a program of one's own declares to have relays beside its other resources. */
import { HealthCheck } from '@pulumi/gcp/compute/healthCheck.js';
import * as pulumi from '@pulumi/pulumi';
import { placesOf } from '../configs/places.ts';
import type { Settings } from './config.ts';
import { FleetFirewall } from './firewall.ts';
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
  /** Self link of the template that each region's groups want. */
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
    this.templates = templates(name, settings, this, this);
    this.zones = zones(name, settings, this.templates, this);
    if (fleet.monitoring.enabled) new FleetMonitoring(`${name}-monitoring`, fleet, child);
    this.registerOutputs({ templates: Object.fromEntries(this.templates) });
  }
}

type Parts = Pick<RelayFleet, 'network' | 'identity' | 'redis'>;

/** A subnetwork is a region's, so a template is too. */
function templates(
  name: string,
  settings: Settings,
  { network, identity, redis }: Parts,
  parent: pulumi.Resource,
): ReadonlyMap<string, pulumi.Output<string>> {
  const account = identity.relay;
  return new Map(
    [...network.subnetworks].map(([region, subnetwork]) => {
      const inputs = { settings, region, subnetwork, account, redis };
      return [region, relayTemplate(`${name}-${region}`, inputs, parent).selfLink];
    }),
  );
}

function zones(
  name: string,
  settings: Settings,
  templates: ReadonlyMap<string, pulumi.Output<string>>,
  parent: pulumi.Resource,
): readonly RelayZone[] {
  const health = healthCheck(name, settings, parent);
  const made = placesOf(settings.fleet).flatMap(({ region, zones: inRegion }) => {
    const template = templates.get(region);
    if (template === undefined) return [];
    return inRegion.map(
      (zone) => new RelayZone(`${name}-${zone}`, { settings, zone, template, health }, { parent }),
    );
  });
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
