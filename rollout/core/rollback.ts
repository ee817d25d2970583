/** What a rollback goes back to. Pure. */
import type { CloudRelay, Target } from './fleet.ts';

/** An instance template, as far as it tells which others may stand for it elsewhere. */
export type Template = {
  readonly name: string;
  /** Which zones it is for: templates of one place differ in nothing that belongs to a region or zone. */
  readonly place: string;
  /** All else: templates of one make differ in their place alone. */
  readonly make: string;
  /** Ms since the epoch. */
  readonly createdAt: number;
};

type Seen = {
  readonly relays: readonly Pick<CloudRelay, 'zone' | 'template'>[];
  readonly targets: readonly Pick<Target, 'zone' | 'template'>[];
};

export type Previous =
  /** By zone. */
  | { readonly kind: 'found'; readonly targets: ReadonlyMap<string, string> }
  /** Not to be told from the fleet alone: a person has to name one of these, or another. */
  | { readonly kind: 'unclear'; readonly because: string; readonly templates: readonly string[] };

/**
 * For each zone the template that relays still run and that their groups no longer want, or the newest of the same make for
 * that zone. Where groups want different makes (a rollback that was killed half-way), or relays run several, only a person can say.
 */
export function previousTemplates(seen: Seen, templates: readonly Template[]): Previous {
  const makeOf = makes(templates);
  const wanted = new Set(seen.targets.map(({ template }) => makeOf(template)));
  const run = [...new Set(seen.relays.flatMap(({ template }) => template ?? []))];
  const others = run.filter((template) => !wanted.has(makeOf(template)));
  const named = namesOf(seen);
  if (wanted.size > 1)
    return { kind: 'unclear', because: 'its groups want different templates', templates: named };
  const [first] = others;
  if (first === undefined)
    return { kind: 'unclear', because: 'every relay runs what its group wants', templates: named };
  if (new Set(others.map(makeOf)).size > 1)
    return { kind: 'unclear', because: 'its relays run several other templates', templates: others };
  return everywhere(seen, templates, first);
}

/** This template where it is at home, and in every other zone the newest of its make there. */
export function everywhere(
  { relays, targets }: Seen,
  templates: readonly Template[],
  given: string,
): Previous {
  const byName = new Map(templates.map((template) => [template.name, template]));
  const found = new Map<string, string>();
  for (const { zone, template } of targets) {
    const place = byName.get(template)?.place;
    const fits = templates.filter((one) => one.make === byName.get(given)?.make && one.place === place);
    const run = relays.find(
      (relay) => relay.zone === zone && fits.some(({ name }) => name === relay.template),
    );
    const newest = fits.toSorted((a, b) => b.createdAt - a.createdAt)[0]?.name;
    const to = fits.some(({ name }) => name === given) ? given : (run?.template ?? newest);
    if (to === undefined)
      return {
        kind: 'unclear',
        because: `zone ${zone} has no template like ${given}`,
        templates: namesOf({ relays, targets }),
      };
    found.set(zone, to);
  }
  return { kind: 'found', targets: found };
}

/** All that it runs or wants. */
export function namesOf({ relays, targets }: Seen): readonly string[] {
  const run = relays.flatMap(({ template }) => template ?? []);
  return [...new Set([...targets.map(({ template }) => template), ...run])].toSorted();
}

/** A template that is gone is a make of its own. */
function makes(templates: readonly Template[]): (name: string) => string {
  const known = new Map(templates.map(({ name, make }) => [name, make]));
  return (name) => known.get(name) ?? name;
}
