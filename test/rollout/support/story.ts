/** Random stories of a rollout: a fleet, a policy, people who ask for things, and everything that goes wrong. */
import fc from 'fast-check';
import type { Leave } from '../../../rollout/core/fleet.ts';
import type { Policy } from '../../../rollout/core/policy.ts';
import { NOW, POLICY } from './fleets.ts';

/** Between two rounds, as counted from the first. */
type Span = { readonly from: number; readonly to: number };

export type Story = {
  readonly seed: number;
  readonly zones: number;
  readonly perZone: number;
  readonly policy: Pick<
    Policy,
    | 'maxUnavailable'
    | 'preCordon'
    | 'reserve'
    | 'relayCalls'
    | 'bakeSeconds'
    | 'bakeCalls'
    | 'tail'
    | 'windows'
  > & { readonly drainSeconds: number; readonly share: string | undefined };
  /** Share of calls that never end by themselves: nobody told that they are over. */
  readonly zombies: number;
  /** Each relay has a floating address; the share of looks at which its calls cannot move. */
  readonly floating: boolean;
  readonly tied: number;
  readonly silence: number;
  readonly lost: number;
  readonly restarts: number;
  readonly kills: number;
  readonly pause: Span | undefined;
  /** The round in which `abort --uncordon` is asked for; another run takes over after it. */
  readonly abortAt: number | undefined;
  /** The round in which the groups point at the old image again. */
  readonly rollbackAt: number | undefined;
  readonly leave: (Span & { readonly kind: Leave['kind']; readonly relay: number }) | undefined;
  readonly force: { readonly at: number; readonly relay: number } | undefined;
};

/** Calls come for so many rounds of a second; those without an end are hung up then. */
export const CALLS_FOR = 120;
export const ZOMBIES_UNTIL = 600;
/** Minutes from the start in which a run may begin something, where there are windows: 08:05 to 08:15, from 08:25 on. */
export const OPEN_MINUTES = [
  [5, 15],
  [25, 480],
] as const;
const WINDOWS: Policy['windows'] = [
  { from: '08:05', to: '08:15' },
  { from: '08:25', to: '16:00' },
];

const round = fc.integer({ min: 5, max: 200 });
const span = round.chain((from) =>
  fc.record({ from: fc.constant(from), to: fc.integer({ min: from, max: from + 150 }) }),
);
const seldom = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
const relay = fc.nat({ max: 15 });

export const story: fc.Arbitrary<Story> = fc
  .record<Story>({
    seed: fc.integer(),
    zones: fc.integer({ min: 1, max: 4 }),
    perZone: fc.integer({ min: 1, max: 4 }),
    policy: fc.record({
      maxUnavailable: fc.constantFrom<(number | string)[]>(1, 2, 3, 4, '25%', '50%'),
      preCordon: fc.constantFrom(0, 0, 1, 3),
      reserve: fc.constantFrom('none', 'relay', 'zone'),
      // Some 11 calls are up on each relay while calls come.
      relayCalls: fc.constantFrom(14, 18, 30, 1000),
      bakeSeconds: fc.constantFrom(0, 0, 30),
      bakeCalls: fc.constantFrom(0, 5),
      tail: fc.constantFrom('wait', 'hold', 'reap', 'hand-over', 'hand-over'),
      drainSeconds: fc.constantFrom(0, 30),
      windows: fc.constantFrom([], [], WINDOWS),
      share: seldom(fc.constantFrom('30%', '60%')),
    }),
    floating: fc.boolean(),
    tied: fc.constantFrom(0, 0.1, 0.9),
    zombies: fc.constantFrom(0, 0, 0.02),
    silence: fc.constantFrom(0, 0.1, 0.2),
    lost: fc.constantFrom(0, 0.2),
    restarts: fc.constantFrom(0, 0.003),
    kills: fc.constantFrom(0, 0.05),
    pause: seldom(span),
    abortAt: seldom(round),
    rollbackAt: seldom(round),
    leave: seldom(
      fc
        .tuple(span, fc.record({ kind: fc.constantFrom('hold', 'skip'), relay }))
        .map(([a, b]) => ({ ...a, ...b })),
    ),
    force: seldom(fc.record({ at: round, relay })),
  })
  // With fewer relays than that the policy itself forbids to begin.
  .filter(({ zones, perZone, policy: { reserve } }) => {
    const lost = { none: 0, relay: 1, zone: perZone }[reserve];
    return zones * perZone - 1 - lost >= 1;
  });

export function policyOf({ policy: { share, ...policy } }: Story, isShareDone: boolean): Policy {
  const rest = { replaceSeconds: 100_000, reapAfterSeconds: 40, emptyCallSeconds: 60 };
  return { ...POLICY, ...policy, ...rest, ...(share === undefined || isShareDone ? {} : { share }) };
}

/** May a run begin something in this moment? Said without the words of the policy. */
export function isOpenAt({ policy: { windows } }: Story, now: number): boolean {
  const minute = Math.floor((now - NOW) / 60_000);
  return windows.length === 0 || OPEN_MINUTES.some(([from, to]) => minute >= from && minute < to);
}
