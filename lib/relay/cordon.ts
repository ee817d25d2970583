import { FleetError } from '../errors.ts';
import { parseDeleteDelay, parseMaxSessions } from '../ng/cli-text.ts';
import type { NgRequestOptions } from '../ng/client.ts';
import type { Known } from '../ng/fields.ts';
import type { Relay } from './relay.ts';

/** What a cordon replaces; keep it outside of this process (a label), since it is needed to admit the relay again. */
export type BeforeCordon = {
  /** -1 = no limit. */
  readonly maxSessions: number;
  /** Seconds that ended calls stay counted. `unknown` when the relay did not say; then it was left alone. */
  readonly deleteDelaySeconds: Known;
};

export type CordonOptions = NgRequestOptions & {
  /** Lower the relay's delete-delay to this many seconds (at least SAFE_DELETE_DELAY_SECONDS) while it drains; it is
   * never raised. Default: left alone. */
  readonly lowerDeleteDelayTo?: number;
};

/**
 * The least delete-delay that cuts no packet. An ended call goes on relaying until it leaves, and it leaves in the
 * whole second `delete-delay` after its delete: measured on 10.5.3.5 and 12.5.1.31, 6 calls each, packets passed for
 * 1.0-2.4 s after the delete with 2, for as little as 0.01 s with 1, and not at all with 0, which drops what is in flight
 * at BYE. Calls deleted earlier keep the delay of their time (daemon/call.c call_delete_branch).
 */
export const SAFE_DELETE_DELAY_SECONDS = 2;

/**
 * Makes a relay refuse new calls: `set maxsessions 0`, believed only when `list maxsessions` says 0, since the CLI has
 * no status and its text says Success to numbers it does not store (measured). Calls that are up go on untouched: answer,
 * re-offer, delete and media work as before. A restart forgets it: assert it again when `restartedBetween`.
 * Running it on a cordoned relay changes nothing and returns `maxSessions: 0`: keep the values of the first time.
 * Rejects with `cordon-not-taken` (hold), or as `relay.cli` does.
 */
export async function cordonRelay(relay: Relay, options: CordonOptions = {}): Promise<BeforeCordon> {
  const lower = options.lowerDeleteDelayTo;
  if (lower !== undefined) requireWhole('deletedelay', lower, SAFE_DELETE_DELAY_SECONDS);
  const maxSessions = await readMaxSessions(relay, options);
  const deleteDelaySeconds = await readDeleteDelay(relay, options);
  await setMaxSessions(relay, 0, options);
  if (lower !== undefined && deleteDelaySeconds !== 'unknown' && deleteDelaySeconds > lower)
    await setDeleteDelay(relay, lower, options);
  return { maxSessions, deleteDelaySeconds };
}

/** Takes a relay back into service with the values from before its cordon, delete-delay first, and reads both back.
 * Rejects with `admit-not-taken` (hold), or as `relay.cli` does. */
export async function admitRelay(
  relay: Relay,
  before: BeforeCordon,
  options: NgRequestOptions = {},
): Promise<void> {
  requireWhole('maxsessions', before.maxSessions, -1);
  if (before.deleteDelaySeconds !== 'unknown')
    await setDeleteDelay(relay, before.deleteDelaySeconds, options);
  await setMaxSessions(relay, before.maxSessions, options);
}

/** The session limit in force; -1 = none. Rejects with `cli-not-understood` (hold) rather than guess. */
export async function readMaxSessions(relay: Relay, options?: NgRequestOptions): Promise<number> {
  const text = await relay.cli('list maxsessions', options);
  const found = parseMaxSessions(text);
  if (found !== 'unknown') return found;
  throw new FleetError({
    kind: 'hold',
    code: 'cli-not-understood',
    message: `${relay.place.name}: list maxsessions answered ${JSON.stringify(text.slice(0, 120))}`,
    hint: 'Check that the port is the CLI of RTPEngine and that rtpfleet knows this version.',
  });
}

async function readDeleteDelay(relay: Relay, options?: NgRequestOptions): Promise<Known> {
  return parseDeleteDelay(await relay.cli('list deletedelay', options));
}

async function setMaxSessions(relay: Relay, wanted: number, options: NgRequestOptions): Promise<void> {
  requireWhole('maxsessions', wanted, -1);
  await relay.cli(`set maxsessions ${wanted}`, options);
  const found = await readMaxSessions(relay, options);
  if (found !== wanted) throw notTaken(relay, 'maxsessions', wanted, found, wanted === 0);
}

async function setDeleteDelay(relay: Relay, wanted: number, options: NgRequestOptions): Promise<void> {
  requireWhole('deletedelay', wanted, 0);
  await relay.cli(`set deletedelay ${wanted}`, options);
  const found = await readDeleteDelay(relay, options);
  if (found !== wanted) throw notTaken(relay, 'deletedelay', wanted, found, false);
}

/** RTPEngine keeps these as 32-bit integers: `set maxsessions 99999999999` stores 1215752191 and says Success. */
function requireWhole(name: string, value: number, least: number): void {
  if (Number.isInteger(value) && value >= least && value < 2 ** 31) return;
  throw new FleetError({
    kind: 'stop',
    code: 'relay-value',
    message: `${name} ${value} is not a whole number from ${least} to ${2 ** 31 - 1}`,
  });
}

function notTaken(relay: Relay, name: string, wanted: number, found: Known, cordon: boolean): FleetError {
  return new FleetError({
    kind: 'hold',
    code: cordon ? 'cordon-not-taken' : 'admit-not-taken',
    message: `${relay.place.name}: ${name} was set to ${wanted}, but reads back ${found}`,
    hint: 'Look for another controller that sets it, then run again.',
    facts: { wanted, found },
  });
}
