/** Fills `{{name}}` in a text. Pure. An unknown name and an unused value are both errors: neither may pass silently. */
import { FleetError } from '../lib/errors.ts';

const PLACEHOLDER = /\{\{([a-zA-Z0-9_.-]+)\}\}/g;

/**
 * @param template text with `{{name}}` placeholders
 * @param values exactly the names that the template uses
 * @param source how messages name the template
 * @throws FleetError `stop`, code `template`: a name without value, or a value without name
 */
export function render(
  template: string,
  values: Readonly<Record<string, string | number>>,
  source: string,
): string {
  const used = new Set<string>();
  const text = template.replace(PLACEHOLDER, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw templateError(`${source}: no value for {{${name}}}`);
    used.add(name);
    return String(value);
  });
  const unused = Object.keys(values).filter((name) => !used.has(name));
  if (unused.length > 0) throw templateError(`${source}: does not use ${unused.join(', ')}`);
  return text;
}

function templateError(message: string): FleetError {
  return new FleetError({ kind: 'stop', code: 'template', message });
}
