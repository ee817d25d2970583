import { FleetError } from '../errors.ts';
import type { NgRequestOptions } from '../ng/client.ts';
import type { Relay } from './relay.ts';

/** Timeouts that end calls without media, in seconds. */
export type Timeouts = {
  /** `silent-timeout`: a call on hold without a packet. */
  readonly silent: number;
  /** `offer-timeout`: a call that was offered and never answered. */
  readonly offer: number;
};

const NAMES = { silent: 'SILENT_TIMEOUT', offer: 'OFFER_TIMEOUT' } as const satisfies Record<
  keyof Timeouts,
  string
>;

/** Reads both (`list silenttimeout` answers `SILENT_TIMEOUT=3600`; 10.5, 12.5 and 26.0, measured). Rejects with
 * `cli-not-understood` (hold) rather than guess. */
export async function readTimeouts(relay: Relay, options: NgRequestOptions = {}): Promise<Timeouts> {
  return { silent: await readOne(relay, 'silent', options), offer: await readOne(relay, 'offer', options) };
}

/**
 * Sets both and reads them back. They count at once, for calls that are up too; a restart forgets them. `final-timeout` is
 * not touched: it would end calls with media as well. Rejects with `timeout-not-taken` (hold).
 */
export async function setTimeouts(
  relay: Relay,
  timeouts: Timeouts,
  options: NgRequestOptions = {},
): Promise<void> {
  for (const key of ['silent', 'offer'] as const) {
    await relay.cli(`set ${key}timeout ${timeouts[key]}`, options);
    const found = await readOne(relay, key, options);
    if (found !== timeouts[key]) throw notTaken(relay, key, timeouts[key], found);
  }
}

async function readOne(relay: Relay, key: keyof Timeouts, options: NgRequestOptions): Promise<number> {
  const text = await relay.cli(`list ${key}timeout`, options);
  const digits = new RegExp(`^${NAMES[key]}=(\\d+)\\s*$`).exec(text)?.[1];
  if (digits !== undefined) return Number(digits);
  throw new FleetError({
    kind: 'hold',
    code: 'cli-not-understood',
    message: `${relay.place.name}: list ${key}timeout answered ${JSON.stringify(text.slice(0, 120))}`,
    hint: 'Check that the port is the CLI of RTPEngine and that rtpfleet knows this version.',
  });
}

function notTaken(relay: Relay, key: string, wanted: number, found: number): FleetError {
  return new FleetError({
    kind: 'hold',
    code: 'timeout-not-taken',
    message: `${relay.place.name}: ${key}timeout was set to ${wanted}, but reads back ${found}`,
    hint: 'Look for another controller that sets it, then run again.',
    facts: { wanted, found },
  });
}
