/** What a rollback goes back to. Pure. */
import type { CloudRelay, Target } from './fleet.ts';

type Seen = {
  readonly relays: readonly Pick<CloudRelay, 'template'>[];
  readonly targets: readonly Pick<Target, 'template'>[];
};

export type Previous =
  | { readonly kind: 'found'; readonly template: string }
  /** Not to be told from the fleet alone: a person has to name one of these, or another. */
  | { readonly kind: 'unclear'; readonly because: string; readonly templates: readonly string[] };

/**
 * The template that relays still run and that their groups no longer want. Where groups want different ones (a rollback
 * that was killed half-way), or relays run several, only a person can say.
 */
export function previousTemplate({ relays, targets }: Seen): Previous {
  const wanted = new Set(targets.map(({ template }) => template));
  const run = new Set(relays.flatMap(({ template }) => template ?? []));
  const others = [...run].filter((template) => !wanted.has(template));
  const templates = [...new Set([...wanted, ...run])].toSorted();
  if (wanted.size > 1) return { kind: 'unclear', because: 'its groups want different templates', templates };
  const [template] = others;
  if (template === undefined)
    return { kind: 'unclear', because: 'every relay runs what its group wants', templates };
  if (others.length > 1)
    return { kind: 'unclear', because: 'its relays run several other templates', templates: others };
  return { kind: 'found', template };
}
