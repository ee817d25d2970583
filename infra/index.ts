/**
 * The Pulumi program: one fleet of relays on Google Compute Engine, as its fleet file and its pinned image describe it.
 *
 *   pulumi stack select prod && pulumi up
 */
import * as pulumi from '@pulumi/pulumi';
import { isFleetError, wordError } from '../lib/errors.ts';
import { readSettings, type Settings } from './config.ts';
import { FleetFirewall } from './firewall.ts';
import { RelayIdentity } from './identity.ts';
import { FleetNetwork } from './network.ts';
import { stackOutputs } from './outputs.ts';
import { FleetRedis } from './redis.ts';
import { Relays } from './relays.ts';

/** Declares everything; what it returns becomes the stack's outputs. */
export default function program() {
  const settings = stackSettings();
  const { fleet } = settings;
  const { network, subnetwork } = new FleetNetwork('network', fleet);
  const { email } = new RelayIdentity('relay', fleet);
  const redis = fleet.redis.kind === 'none' ? undefined : new FleetRedis('redis', settings, network);
  new FleetFirewall('firewall', { fleet, network, relayAccount: email, redisHost: redis?.host });
  const place = redis && pulumi.interpolate`${redis.host}:${redis.port}`;
  const relays = new Relays('relays', { settings, subnetwork, account: email, redis: place });
  return stackOutputs(settings, relays, redis);
}

/** A mistake of the user is told in its own words: Pulumi prints a stack trace with anything but a RunError. */
function stackSettings(): Settings {
  const config = new pulumi.Config('rtpfleet');
  const keys = ['fleet', 'image', 'networkRange', 'protect'] as const;
  const given = Object.fromEntries(keys.map((key) => [key, config.get(key)]));
  try {
    return readSettings(given, pulumi.getStack());
  } catch (cause) {
    if (!isFleetError(cause)) throw cause;
    throw Object.assign(new pulumi.RunError(wordError(cause)), { cause });
  }
}
