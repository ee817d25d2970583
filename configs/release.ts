/**
 * The pin: which image each fleet should run. Written when an image is promoted, read by the Pulumi program; a change of it is
 * a change that is reviewed, merged and undone like any other.
 *
 *   { "prod": { "image": "rtpengine-mr12-5-1-31-debian-13-3fa9c1d2", "version": "mr12.5.1.31" } }
 */
import { readFileSync } from 'node:fs';
import { FleetError, isFleetError, reasonOf } from '../lib/errors.ts';
import { isRecord } from '../lib/record.ts';

export type Pin = {
  /** Name of the image in the fleet's project. */
  readonly image: string;
  /** RTPEngine release in it, as upstream tags it. */
  readonly version: string;
};

/** By name of the fleet. */
export type Release = { readonly [fleet: string]: Pin };

export const RELEASE_FILE = `${import.meta.dirname}/release.json`;

/**
 * Every pin there is.
 * @throws FleetError `usage`, code `release-file`: unreadable, not JSON, or not pins.
 */
export function readRelease(file: string = RELEASE_FILE): Release {
  try {
    return parseRelease(readFileSync(file, 'utf8'), file);
  } catch (cause) {
    if (isFleetError(cause)) throw cause;
    throw releaseError(file, `cannot be read: ${reasonOf(cause)}`);
  }
}

/** The same for a text; `file` is only how messages name it. */
export function parseRelease(text: string, file: string): Release {
  const value = parseJson(text, file);
  if (!isRecord(value)) throw releaseError(file, 'is not an object of fleets');
  for (const [fleet, pin] of Object.entries(value)) {
    const fits = isRecord(pin) && typeof pin.image === 'string' && typeof pin.version === 'string';
    if (!fits) throw releaseError(file, `${fleet}: ${JSON.stringify(pin)} is not {image, version}`);
  }
  return value as Release;
}

/**
 * The image that is pinned for a fleet.
 * @throws FleetError `usage`, code `no-pin`.
 */
export function pinnedImage(release: Release, fleet: string): Pin {
  const pin = Object.hasOwn(release, fleet) ? release[fleet] : undefined;
  if (pin !== undefined) return pin;
  throw new FleetError({
    kind: 'usage',
    code: 'no-pin',
    message: `No image is pinned for fleet ${fleet} in configs/release.json.`,
    hint: 'Promote an image, which pins it, or name one: `pulumi config set rtpfleet:image NAME`.',
    facts: { fleet },
  });
}

/** The text of the file once `fleet` is pinned to another image; fleets in order of name, for small diffs. Pure. */
export function withPin(release: Release, fleet: string, pin: Pin): string {
  const pins = Object.entries({ ...release, [fleet]: pin }).sort(([a], [b]) => (a < b ? -1 : 1));
  return `${JSON.stringify(Object.fromEntries(pins), undefined, 2)}\n`;
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw releaseError(file, `is not JSON: ${reasonOf(cause)}`);
  }
}

function releaseError(file: string, problem: string): FleetError {
  return new FleetError({
    kind: 'usage',
    code: 'release-file',
    message: `${file}: ${problem}`,
    hint: 'It holds {"<fleet>": {"image": "<name>", "version": "mr…"}}; promoting an image writes it.',
  });
}
