/**
 * What a stack is made from: the fleet file and the image it should run. Everything else in this folder takes it as a plain value.
 */
import { resolve } from 'node:path';
import type { Fleet } from '../configs/fleet.ts';
import { refuseSeveral } from '../configs/instances.ts';
import { loadFleet } from '../configs/load.ts';
import { placesOf } from '../configs/places.ts';
import { isCidr } from '../configs/range.ts';
import { pinnedImage, readRelease } from '../configs/release.ts';
import { needOf, roomOf } from '../configs/room.ts';
import { FleetError } from '../lib/errors.ts';

/** Settings of a stack (`pulumi config set rtpfleet:<key>`); all optional, all text. */
export type StackConfig = {
  /** Fleet file, from the repository's root. Absent: `configs/fleets/<stack>.yaml`. */
  readonly fleet?: string | undefined;
  /** Image to run. Absent: the one that configs/release.json pins for the fleet. */
  readonly image?: string | undefined;
  /** Replaces every range of the fleet file; the lab's network has one of its own, for all regions. */
  readonly networkRange?: string | undefined;
  /** `false`: the stack may delete relays and Redis. Absent: `true`. */
  readonly protect?: string | undefined;
  /** Where relays find Secret Manager. Absent: at Google's. */
  readonly secretsEndpoint?: string | undefined;
};

export type Settings = {
  readonly fleet: Readonly<Fleet>;
  /** Name of an image in the fleet's project. */
  readonly image: string;
  /** Whether deleting (or replacing) what holds calls is refused. */
  readonly protect: boolean;
  /** URL before `/v1/projects/…`. */
  readonly secretsEndpoint: string;
};

/** The repository's root: what paths in a stack's settings are relative to, wherever `pulumi` was started. */
const ROOT = resolve(import.meta.dirname, '..');

/** Google's own Secret Manager. */
export const SECRET_MANAGER = 'https://secretmanager.googleapis.com';

/** GCE: names of resources. */
const IMAGE_NAME = /^[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

/**
 * Reads what a stack is made from.
 * @throws FleetError `usage`: a broken fleet file, no image pinned, a setting that cannot be.
 */
export function readSettings(config: StackConfig, stack: string): Settings {
  const fleet = withRange(
    loadFleet(resolve(ROOT, config.fleet ?? `configs/fleets/${stack}.yaml`)),
    config.networkRange,
  );
  refuseSeveral(fleet, 'a relay of a managed fleet');
  const image = config.image ?? pinnedImage(readRelease(), fleet.name).image;
  if (!IMAGE_NAME.test(image)) throw wrong('image', image, 'is not the name of a GCE image');
  return {
    fleet,
    image,
    protect: readSwitch('protect', config.protect ?? 'true'),
    secretsEndpoint: readEndpoint(config.secretsEndpoint ?? SECRET_MANAGER),
  };
}

function withRange(fleet: Fleet, range: string | undefined): Fleet {
  if (range === undefined) return fleet;
  if (!isCidr(range)) throw wrong('networkRange', range, 'is no IPv4 range such as 10.128.0.0/20');
  const wanted = placesOf(fleet).reduce((sum, place) => sum + needOf(fleet, place).addresses, 0);
  const room = roomOf(range);
  if (wanted > room)
    throw wrong('networkRange', range, `has room for ${room} machines, the fleet needs ${wanted} addresses`);
  const further = Object.keys(fleet.network.ranges).map((region) => [region, range]);
  return { ...fleet, network: { ...fleet.network, range, ranges: Object.fromEntries(further) } };
}

/** No path: a relay adds its own. */
function readEndpoint(url: string): string {
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return new URL(url).origin;
  throw wrong('secretsEndpoint', url, 'is no URL');
}

function readSwitch(key: string, value: string): boolean {
  if (value === 'true' || value === 'false') return value === 'true';
  throw wrong(key, value, 'is neither true nor false');
}

function wrong(key: string, value: string, why: string): FleetError {
  return new FleetError({
    kind: 'usage',
    code: 'stack-config',
    message: `rtpfleet:${key}: ${value} ${why}`,
    hint: `Set it with \`pulumi config set rtpfleet:${key} VALUE\`.`,
  });
}
