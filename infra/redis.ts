/**
 * Redis for call state and for the rollout's lock: a Memorystore instance in the fleet's network, or one that is there already.
 *
 * Its password is only ever named, never shown: it lies in Secret Manager, and a relay (at boot) or a rollout (at its start) reads it there
 * with its own identity. A rollout speaks TLS to it where the fleet file says so; RTPEngine's Redis client knows none (its manual lists
 * no such option up to mr26.2).
 */
import * as pulumi from '@pulumi/pulumi';
import type { Fleet } from '../configs/fleet.ts';
import type { Settings } from './config.ts';
import { readsSecret } from './identity.ts';
import { memorystore } from './redis/memorystore.ts';
import { grantReaders, type RedisPlace } from './redis/place.ts';

export type RedisInputs = {
  readonly settings: Settings;
  readonly network: pulumi.Output<string>;
  /** E-mails of the accounts of relays and controller. */
  readonly relay: pulumi.Output<string>;
  readonly controller: pulumi.Output<string>;
};

export class FleetRedis extends pulumi.ComponentResource {
  readonly place: RedisPlace;

  constructor(name: string, inputs: RedisInputs, opts?: pulumi.ComponentResourceOptions) {
    super('rtpfleet:infra:FleetRedis', name, {}, opts);
    const { settings, network, relay, controller } = inputs;
    const { fleet } = settings;
    this.place =
      fleet.redis.kind === 'external' ? external(fleet) : memorystore(name, settings, network, this);
    const { secret, authority } = this.place;
    // The controller reads it for its lock; a relay only where it keeps call state.
    const readers = { controller, ...(readsSecret(fleet) ? { relay } : {}) };
    if (secret !== undefined) grantReaders(name, readers, secret, this);
    if (authority !== undefined) grantReaders(`${name}-ca`, { controller }, authority.secret, this);
    this.registerOutputs({ ...this.place });
  }
}

function external({ redis: { host = '', port, secret } }: Readonly<Fleet>): RedisPlace {
  const place = { host: pulumi.output(host), port: pulumi.output(port) };
  return secret === undefined ? place : { ...place, secret: pulumi.output(secret) };
}
