/** How the contract's names are written in JSON. Pure. */

/** `instance_group_manager` → `instanceGroupManager`. */
export const camelCase = (text: string): string =>
  text.replace(/_([a-z0-9])/g, (_all, letter: string) => letter.toUpperCase());
