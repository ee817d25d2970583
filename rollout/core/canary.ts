/**
 * The canary: the first relay of a new image takes calls alone for a while, and is compared with its neighbours. Nothing
 * is written down about it: a run that is taken up watches it anew, which only takes longer. Pure.
 */
import type { Known } from '../../lib/ng/fields.ts';
import type { Tally } from '../../lib/ng/statistics.ts';
import type { Action, Hold } from './actions.ts';
import type { Relay } from './fleet.ts';
import { lastAnswer } from './fleet.ts';
import { isLeftAlone, type Standing } from './phase.ts';
import type { Policy } from './policy.ts';
import { plural } from './words.ts';

export type CanaryPolicy = Pick<Policy, 'bakeSeconds' | 'bakeCalls' | 'bakeTolerance'>;

export type Canary =
  /** None is asked for, or it is done; `because`: how the one that serves has done. */
  | { readonly kind: 'over'; readonly because: string | undefined }
  /** No relay of the new image takes calls yet: one alone may go there. */
  | { readonly kind: 'first' }
  | { readonly kind: 'bakes'; readonly hold: Hold }
  | { readonly kind: 'fails'; readonly halt: Extract<Action, { readonly kind: 'halt' }> };

/** Once two relays take calls on the new image, an earlier run has seen the first one through. */
export function canaryOf(standings: readonly Standing[], policy: CanaryPolicy, now: number): Canary {
  const isLeft = standings.some((standing) => !standing.relay.onTarget && !isLeftAlone(standing));
  if (policy.bakeSeconds === 0 || !isLeft) return { kind: 'over', because: undefined };
  const served = standings.filter(({ relay, phase }) => relay.onTarget && phase === 'serving');
  const remade =
    served.length > 1 ? undefined : standings.find(({ relay }) => relay.onTarget && relay.remade);
  if (remade !== undefined) return { kind: 'fails', halt: lost(remade.relay) };
  const [canary] = served;
  if (canary === undefined) return unproven(standings);
  if (served.length > 1) return { kind: 'over', because: undefined };
  const flaw = flawOf(canary.relay, standings, policy.bakeTolerance);
  if (flaw !== undefined) return { kind: 'fails', halt: failed(canary.relay, flaw) };
  return bake(canary.relay, policy, now);
}

/** One that has been let go, or came there by itself, and is not known to take calls (any more): no second one meanwhile. */
function unproven(standings: readonly Standing[]): Canary {
  const there = standings.find(
    ({ relay, phase }) => relay.onTarget && phase === 'joining' && !relay.awaitsController,
  );
  if (there === undefined) return { kind: 'first' };
  const because = `${there.relay.name}, the first relay of the new image, is not known to take calls`;
  // What it waits for itself says whether that lasts.
  return { kind: 'bakes', hold: { kind: 'hold', because, overdue: true } };
}

function bake(relay: Relay, { bakeSeconds, bakeCalls }: CanaryPolicy, now: number): Canary {
  const until = (relay.service?.since ?? now) + bakeSeconds * 1000;
  const sums = sumsOf(relay);
  const ended = sums === undefined || sums.ended === 'unknown' ? 0 : sums.ended;
  const first = 'the first relay of the new image';
  if (now < until) {
    const because = `${first} is watched until ${new Date(until).toISOString()}`;
    return { kind: 'bakes', hold: { kind: 'hold', relay, because, overdue: false, until } };
  }
  if (ended < bakeCalls) {
    const because = `${first} is watched until ${plural(bakeCalls, 'call')} have ended on it`;
    return { kind: 'bakes', hold: { kind: 'hold', relay, because, overdue: false } };
  }
  return { kind: 'over', because: `${relay.name} did well on the new image: ${sumWords(sums)}` };
}

function failed(relay: Relay, flaw: string): Extract<Action, { readonly kind: 'halt' }> {
  return {
    kind: 'halt',
    relay,
    because: `${relay.name}, the first relay of the new image, does worse than its neighbours: ${flaw}`,
    hint: 'It goes on taking calls. Go back to the old image: rollout rollback.',
  };
}

/** Worse than a restart of its RTPEngine, and it may be gone or cordoned right now. */
function lost(relay: Relay): Extract<Action, { readonly kind: 'halt' }> {
  return {
    kind: 'halt',
    relay,
    because: `${relay.name}, the first relay of the new image, was made anew by its group while it took calls`,
    hint: 'Its group re-creates what fails its health check: see why before the image goes further. Go back to the old one: rollout rollback.',
  };
}

/** What is compared: so many of so many. */
const MEASURES = [
  { what: 'calls lost their media', part: 'timedOut', whole: 'ended', unit: 'calls', least: 1 },
  { what: 'streams were one-way', part: 'oneWay', whole: 'ended', unit: 'calls', least: 1 },
  { what: 'packets did not arrive', part: 'packetsLost', whole: 'packets', unit: 'packets', least: 1_000 },
  { what: 'packets were not relayed', part: 'packetErrors', whole: 'packets', unit: 'packets', least: 1_000 },
] as const satisfies readonly {
  readonly what: string;
  readonly part: keyof Tally;
  readonly whole: keyof Tally;
  readonly unit: string;
  readonly least: number;
}[];

/** One or two bad calls happen on any relay. */
const LEAST_EXCESS = 3;

function flawOf(relay: Relay, standings: readonly Standing[], tolerance: number): string | undefined {
  const restarts = relay.service?.restarts ?? 0;
  if (restarts > 0) return `its RTPEngine restarted ${plural(restarts, 'time')}`;
  const own = sumsOf(relay);
  const others = standings.map((standing) => standing.relay).filter((other) => other !== relay);
  const zone = others.filter((other) => other.zone === relay.zone);
  const peers = sumsOfAll(zone) ?? sumsOfAll(others);
  if (own === undefined) return undefined;
  return MEASURES.map(({ what, part, whole, unit, least }) => {
    const [bad, all] = [own[part], own[whole]];
    if (bad === 'unknown' || all === 'unknown' || all < least) return undefined;
    const usual = shareOf(peers?.[part], peers?.[whole]);
    const excess = bad - all * (usual + tolerance);
    return excess < LEAST_EXCESS
      ? undefined
      : `${bad} ${what}, in ${all} ${unit}; elsewhere ${(usual * 100).toFixed(1)}%`;
  }).find((flaw) => flaw !== undefined);
}

function shareOf(part: Known | undefined, whole: Known | undefined): number {
  return typeof part === 'number' && typeof whole === 'number' && whole > 0 ? part / whole : 0;
}

/** What happened on a relay since the run first saw it take calls; undefined: not known. */
function sumsOf(relay: Relay): Tally | undefined {
  const first = relay.service?.first;
  const now = lastAnswer(relay)?.tally;
  if (first === undefined || now === undefined) return undefined;
  return combine(now, first, (a, b) => Math.max(0, a - b));
}

function sumsOfAll(relays: readonly Relay[]): Tally | undefined {
  const known = relays.map(sumsOf).filter((sums) => sums !== undefined);
  return known.length === 0 ? undefined : known.reduce((a, b) => combine(a, b, (x, y) => x + y));
}

function combine(a: Tally, b: Tally, by: (a: number, b: number) => number): Tally {
  const at = (key: keyof Tally): Known => {
    const [x, y] = [a[key], b[key]];
    return x === 'unknown' || y === 'unknown' ? 'unknown' : by(x, y);
  };
  return {
    ended: at('ended'),
    timedOut: at('timedOut'),
    oneWay: at('oneWay'),
    packets: at('packets'),
    packetErrors: at('packetErrors'),
    packetsLost: at('packetsLost'),
  };
}

function sumWords(sums: Tally | undefined): string {
  if (sums === undefined) return 'it tells no counts';
  const { ended, timedOut, oneWay, packets, packetsLost } = sums;
  return `${ended} calls ended, ${timedOut} without media, ${oneWay} one-way streams, ${packetsLost} of ${packets} packets lost`;
}
