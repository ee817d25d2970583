/**
 * What one round after another has seen of each relay: the last looks, and since when something lasts. It is lost with
 * the process, and that is safe: the delete guard then starts to gather its proof anew. Pure.
 */
import type { CloudRelay, Failure, Look, Movable, Relay, SelfReport, Service } from './fleet.ts';
import { lastAnswer } from './fleet.ts';

/** What one round saw of one relay. */
export type Sighting = CloudRelay & {
  /** Absent: not asked in this round. */
  readonly look?: Look;
  /** Absent: not read in this round. */
  readonly report?: SelfReport;
  readonly emptyCalls?: readonly string[];
  readonly movable?: Movable;
  readonly failure?: Failure;
};

/** Relays by `keyOf`. */
export type Memory = ReadonlyMap<string, Relay>;

/** One relay in all rounds; its VM changes. */
export function keyOf({ zone, name }: Pick<Relay, 'zone' | 'name'>): string {
  return `${zone}/${name}`;
}

/** The relays after this round. `keep`: so many looks are kept. A VM with another id starts without a past. */
export function remember(before: Memory, sightings: readonly Sighting[], keep: number, now: number): Memory {
  return new Map(
    sightings.map((seen) => {
      const key = keyOf(seen);
      return [key, rememberRelay(before.get(key), seen, keep, now)];
    }),
  );
}

/** One relay after this round; `known`: as it was before, undefined the first time. */
export function rememberRelay(known: Relay | undefined, seen: Sighting, keep: number, now: number): Relay {
  const { look, report, emptyCalls, movable, failure, ...cloud } = seen;
  const same = known?.id !== undefined && known.id === seen.id ? known : undefined;
  const changing = seen.vm.state === 'changing';
  const looks = changing ? [] : [...(same?.looks ?? []), ...(look === undefined ? [] : [look])].slice(-keep);
  const newest = looks.at(-1);
  return {
    ...cloud,
    looks,
    silentSince: newest?.kind === 'silence' ? (same?.silentSince ?? newest.at) : undefined,
    changingSince: changing ? (known?.changingSince ?? now) : undefined,
    service: changing ? undefined : served(same, look),
    ...remadeOf(known, seen),
    report: report ?? same?.report,
    emptyCalls: emptyCalls ?? [],
    ...movableOf(movable ?? same?.movable),
    failure,
  };
}

function movableOf(movable: Movable | undefined): Pick<Relay, 'movable'> {
  return movable === undefined ? {} : { movable };
}

/** No rollout re-creates what runs the wanted image: its group did, because it did not answer its health check or was gone. */
function remadeOf(known: Relay | undefined, seen: Sighting): Pick<Relay, 'remade'> {
  const lost = known?.onTarget === true && known.service !== undefined && known.id !== seen.id;
  const began = known?.onTarget === true && known.service !== undefined && seen.vm.state === 'changing';
  const remade = (known?.remade ?? 0) + (seen.onTarget && (lost || began) ? 1 : 0);
  return remade === 0 ? {} : { remade };
}

function served(known: Relay | undefined, look: Look | undefined): Service | undefined {
  const service = known?.service;
  if (look?.kind !== 'answer') return service;
  const before = known === undefined ? undefined : lastAnswer(known);
  if (service !== undefined && before !== undefined && look.uptime < before.uptime)
    return { since: service.since, first: look.tally, restarts: service.restarts + 1 };
  return service ?? (look.limit === 0 ? undefined : { since: look.at, first: look.tally, restarts: 0 });
}
