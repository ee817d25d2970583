/**
 * Redis for call state and for the rollout's lock: a Memorystore instance in the fleet's network, a machine there, or one that is there already.
 *
 * Its password is only ever named, never shown: it lies in Secret Manager, and a relay (at boot) or a rollout (at its start) reads it there
 * with its own identity. A rollout speaks TLS to it where the fleet file says so; RTPEngine's Redis client knows none (its manual lists
 * no such option up to mr26.2).
 */
import * as pulumi from '@pulumi/pulumi';
import type { Fleet } from '../configs/fleet.ts';
import { redisZone, regionOf } from '../configs/places.ts';
import type { Settings } from './config.ts';
import { readsSecret } from './identity.ts';
import type { FleetNetwork } from './network.ts';
import { redisMachine } from './redis/machine.ts';
import { memorystore } from './redis/memorystore.ts';
import { grantReaders, type RedisPlace } from './redis/place.ts';

export type RedisInputs = {
  readonly settings: Settings;
  readonly network: FleetNetwork;
  /** E-mails of the accounts of relays and controller. */
  readonly relay: pulumi.Output<string>;
  readonly controller: pulumi.Output<string>;
};

export class FleetRedis extends pulumi.ComponentResource {
  readonly place: RedisPlace;
  /** E-mail of the service account of a `vm`. */
  readonly account: pulumi.Output<string> | undefined;

  constructor(name: string, inputs: RedisInputs, opts?: pulumi.ComponentResourceOptions) {
    super('rtpfleet:infra:FleetRedis', name, {}, opts);
    const { settings, network, relay, controller } = inputs;
    const { fleet } = settings;
    const { place, account } = made(name, settings, network, this);
    this.place = place;
    this.account = account;
    const { secret, authority } = this.place;
    // The controller reads it for its lock; a relay only where it keeps call state.
    const readers = {
      controller,
      ...(readsSecret(fleet) ? { relay } : {}),
      ...(account === undefined ? {} : { machine: account }),
    };
    if (secret !== undefined) grantReaders(name, readers, secret, this);
    if (authority !== undefined) grantReaders(`${name}-ca`, { controller }, authority.secret, this);
    this.registerOutputs({ ...this.place });
  }
}

type Made = { readonly place: RedisPlace; readonly account?: pulumi.Output<string> };

function made(
  name: string,
  settings: Settings,
  { network, subnetworks }: FleetNetwork,
  parent: pulumi.Resource,
): Made {
  const { fleet } = settings;
  if (fleet.redis.kind === 'external') return { place: external(fleet) };
  const subnetwork = subnetworks.get(regionOf(redisZone(fleet)));
  if (fleet.redis.kind === 'vm' && subnetwork !== undefined)
    return redisMachine(name, settings, subnetwork, parent);
  return { place: memorystore(name, settings, network, parent) };
}

function external({ redis: { host = '', port, secret } }: Readonly<Fleet>): RedisPlace {
  const place = { host: pulumi.output(host), port: pulumi.output(port) };
  return secret === undefined ? place : { ...place, secret: pulumi.output(secret) };
}
