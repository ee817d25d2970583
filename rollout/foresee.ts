/** What is known before a run touches a relay: hazards of the versions, whether it can end, troubles of the cloud. */
import type { Trouble } from './adapters/preflight/trouble.ts';
import { stateOf } from './core/changes.ts';
import type { Reason } from './core/events.ts';
import type { Fleet } from './core/fleet.ts';
import { standingsOf } from './core/plan.ts';
import type { Policy } from './core/policy.ts';
import { preview } from './core/preview.ts';
import { plural } from './core/words.ts';
import { hazardLines } from './view/hazards.ts';

/** Looks at relays that trying a rollout may take: about half a second of processor, in which nothing else is done. */
const LOOKS_TRIED = 1_000_000;
/** Only whether it ends is asked here, not when: calls that end and VMs that come are taken for granted. */
const ASSUMED = { drainMs: () => 300_000, replaceMs: 60_000 };

/** What a run tells before it touches a relay, and why it does not begin at all. */
export type Outlook = { readonly lines: readonly string[]; readonly refusals: readonly Reason[] };

export function outlook(fleet: Fleet, policy: Policy, troubles: readonly Trouble[], now: number): Outlook {
  return { lines: foreseen(fleet, policy, troubles, now), refusals: refusalsOf(troubles) };
}

/** Why no relay may be deleted: what could not be made again. */
export function refusalsOf(troubles: readonly Trouble[]): readonly Reason[] {
  return troubles.filter(({ kind }) => kind === 'stop').map(({ message, next }) => ({ message, next }));
}

export function wordTrouble({ message, next }: Pick<Trouble, 'message' | 'next'>): string {
  return `${message} ${next}`;
}

/** One sentence each; nothing to do, nothing to say. */
export function foreseen(
  fleet: Fleet,
  policy: Policy,
  troubles: readonly Trouble[],
  now: number,
): readonly string[] {
  if (fleet.relays.every(({ onTarget }) => onTarget)) return [];
  const states = standingsOf(fleet, policy).map(stateOf);
  const warnings = troubles.filter(({ kind }) => kind === 'warn').map(wordTrouble);
  return [...hazardLines(fleet.targets, states), ...warnings, ...endWords(fleet, policy, now)];
}

function endWords(fleet: Fleet, policy: Policy, now: number): readonly string[] {
  const { result, because, steps } = preview(fleet, policy, ASSUMED, now, LOOKS_TRIED);
  if (result === 'done') return [];
  const after = steps.filter(({ action }) => action === 'admit').length;
  if (result === 'unfinished')
    return [
      `this run was tried for its first ${plural(after, 'relay')} only, which go well; rollout plan tries all`,
    ];
  const why = because.length === 0 ? '' : `: ${because.join('; ')}`;
  return [`as things are, this run would be ${result} with ${plural(after, 'relay')} replaced${why}`];
}
