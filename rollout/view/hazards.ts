/** What is known to go wrong with the versions that relays run, on the way to those that they should run, and with those. Pure. */
import { drainHazardsOf, hazardsBetween, hazardsOf, wordHazards } from '../../lib/hazards.ts';
import { parseVersion } from '../../lib/version.ts';

type Wanted = { readonly zone: string; readonly version?: string | undefined };
type Running = { readonly relay: { readonly zone: string }; readonly version?: string | undefined };

/**
 * For each different step of the fleet one line for what is wrong with the step, one for what of the old version tells while it
 * is drained, and one for what the new one adds; what does not say its version is left out.
 */
export function hazardLines(targets: readonly Wanted[], relays: readonly Running[]): readonly string[] {
  const steps = relays.flatMap(({ relay, version }) =>
    targets.flatMap((target) =>
      target.zone === relay.zone && isKnown(version) && isKnown(target.version)
        ? [{ from: version, to: target.version }]
        : [],
    ),
  );
  return [...new Set(steps.flatMap(({ from, to }) => (from === to ? [] : stepLines(from, to))))];
}

/** One line for each version that relays run and that something goes wrong with whatever its configuration says. */
export function runningHazards(
  relays: readonly { readonly version?: string | undefined }[],
): readonly string[] {
  const versions = [...new Set(relays.map(({ version }) => version))].filter(isKnown);
  return versions.flatMap((version) => {
    const open = hazardsOf(version).filter(({ cured }) => cured !== true);
    return wordHazards(`hazard of ${version}`, open) ?? [];
  });
}

function stepLines(from: string, to: string): readonly string[] {
  const old = drainHazardsOf(from);
  const added = hazardsOf(to).filter(({ id }) => !old.some((hazard) => hazard.id === id));
  return [
    wordHazards(`hazard of ${from} to ${to}`, hazardsBetween(from, to)),
    wordHazards(`hazard of ${from}`, old),
    wordHazards(`hazard of ${to}`, added),
  ].filter((line) => line !== undefined);
}

function isKnown(version: string | undefined): version is string {
  return version !== undefined && parseVersion(version) !== undefined;
}
