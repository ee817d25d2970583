/**
 * Which instance templates of a fleet nobody needs. Pure. `pulumi up` never deletes one (infra/template.ts: `retainOnDelete`), since relays
 * run the old one until a rollout has replaced them; so they add up.
 */

export type Template = {
  readonly name: string;
  /** Label of its machines that names their fleet. */
  readonly fleet: string | undefined;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
};

export type Choice = {
  /** To be deleted, oldest first. */
  readonly unused: readonly string[];
  /** Kept, newest first, each with the reason. */
  readonly kept: readonly { readonly name: string; readonly because: string }[];
};

export type Wanted = {
  readonly fleet: string;
  /** Names of templates that a group wants, or that any of its relays has. */
  readonly inUse: ReadonlySet<string>;
  /** So many of those that nobody uses stay, the newest: a way back. */
  readonly keep: number;
};

/** Templates of other fleets are neither deleted nor kept: they are not looked at. */
export function chooseTemplates(templates: readonly Template[], { fleet, inUse, keep }: Wanted): Choice {
  const own = templates
    .filter((template) => template.fleet === fleet && template.name.startsWith(`${fleet}-`))
    .toSorted((a, b) => b.createdAt - a.createdAt || (a.name < b.name ? 1 : -1));
  const idle = own.filter(({ name }) => !inUse.has(name));
  const spare = new Set(idle.slice(0, keep).map(({ name }) => name));
  const kept = own.flatMap(({ name }) => {
    if (inUse.has(name)) return [{ name, because: 'in use' }];
    return spare.has(name) ? [{ name, because: `one of the newest ${keep}` }] : [];
  });
  return {
    unused: idle
      .filter(({ name }) => !spare.has(name))
      .map(({ name }) => name)
      .reverse(),
    kept,
  };
}
