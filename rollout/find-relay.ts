/** A relay by its name, as a person typed it. */
import { FleetError } from '../lib/errors.ts';
import { nearest } from '../lib/nearest.ts';

/** Rejects a name that no relay has, and says which one is near. */
export function findRelay<R extends { readonly name: string }>(
  relays: readonly R[],
  name: string,
  fleet: string,
): R {
  const relay = relays.find((one) => one.name === name);
  if (relay !== undefined) return relay;
  const names = relays.map((one) => one.name);
  const near = nearest(name, names);
  throw new FleetError({
    kind: 'usage',
    code: 'unknown-relay',
    message: `The fleet ${fleet} has no relay ${JSON.stringify(name)}`,
    hint: near === undefined ? `It has ${names.slice(0, 10).join(', ')}.` : `Did you mean ${near}?`,
  });
}
