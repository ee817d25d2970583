/** What is known to go wrong on the way from the versions that relays run to those that they should run. Pure. */
import { hazardsBetween, wordHazards } from '../../lib/hazards.ts';
import { parseVersion } from '../../lib/version.ts';

type Wanted = { readonly zone: string; readonly version?: string | undefined };
type Running = { readonly relay: { readonly zone: string }; readonly version?: string | undefined };

/** One line for each different step of the fleet that has a hazard; what does not say its version is left out. */
export function hazardLines(targets: readonly Wanted[], relays: readonly Running[]): readonly string[] {
  const steps = relays.flatMap(({ relay, version }) =>
    targets.flatMap((target) =>
      target.zone === relay.zone && isKnown(version) && isKnown(target.version)
        ? [{ from: version, to: target.version }]
        : [],
    ),
  );
  const lines = steps.flatMap(({ from, to }) => {
    const words = wordHazards(`hazard of ${from} to ${to}`, hazardsBetween(from, to));
    return words === undefined ? [] : [words];
  });
  return [...new Set(lines)];
}

function isKnown(version: string | undefined): version is string {
  return version !== undefined && parseVersion(version) !== undefined;
}
