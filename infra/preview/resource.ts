/** A resource of a preview: how it is told from others, and what people call it. Pure. */
import type { Declared } from '../evaluate/protocol.ts';

export type Resource = Declared;

/** What tells a resource from all others of its stack. */
export function idOf({ type, name }: Pick<Resource, 'type' | 'name'>): string {
  return `${type} ${name}`;
}

/** `gcp:compute/firewall:Firewall` → `compute/firewall`. */
export function kindOf(type: string): string {
  return type.replace(/^gcp:/, '').replace(/:.*$/, '');
}

/** The name in the cloud; a template's ends in what its provider makes of it. */
export function cloudName({ name, inputs }: Pick<Resource, 'name' | 'inputs'>): string {
  const { namePrefix } = inputs;
  if (typeof namePrefix === 'string') return `${namePrefix}*`;
  const given = inputs.name ?? inputs.accountId ?? inputs.secretId ?? inputs.displayName;
  return typeof given === 'string' ? given : name;
}
