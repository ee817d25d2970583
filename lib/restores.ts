/**
 * Which RTPEngine restores the calls that which other wrote to Redis. Not a matter of taste: one that fails to restore a
 * call deletes its key (measured, 20 keys to 0; `json_restore_call` in daemon/redis.c@mr13.4.1.10, label err1), also
 * while it only watches the database of another relay. Pure.
 */
import { isWithin, type VersionRange } from './version-range.ts';

export type RestoreKind =
  /** Calls are restored. */
  | 'restores'
  /** Only where the older process wrote them with `redis-format = JSON`; else they are deleted. */
  | 'restores-json'
  /** No call is restored, and the attempt deletes the keys. */
  | 'deletes'
  /** Neither measured nor proven by the source: taken to be as bad as `deletes`. */
  | 'unknown';

export type Restore = {
  readonly kind: RestoreKind;
  /** The experiment or upstream's file@tag that says so. */
  readonly source: string;
};

type Row = Restore & { readonly from: VersionRange; readonly to: VersionRange };

/**
 * The four forms in which calls were written since mr10.5: the keys that `daemon/redis.c` of a tag demands when it reads,
 * and those that it writes, were taken from all 403 of them from mr10.5.1.1 to mr26.2.1.1. What is newer is unknown.
 */
const MR10: VersionRange = { from: 'mr10.5', before: 'mr11.1.1.4' };
const MR11: VersionRange = { from: 'mr11.1.1.4', before: 'mr12.0' };
const MR12: VersionRange = { from: 'mr12.0', before: 'mr13.0' };
const MR13: VersionRange = { from: 'mr13.0', before: 'mr26.2.1.2' };

const SAME = 'daemon/redis.c of every tag between demands only keys that all of them write';
const NO_BRANCHES =
  'mr10.5 to mr11.1.1.3 demand `branches` and `other_tags`, which daemon/redis.c from mr11.1.1.4 on does not write';
const NO_TAGS =
  'daemon/redis.c from mr11.1.1.4 on demands `associated_tags`, which mr10.5 to mr11.1.1.3 do not write';
const NO_PTIME = 'daemon/redis.c from mr13.0 on demands `maxptime`, which no older one writes';

export const RESTORES: readonly Row[] = [
  { from: MR10, to: MR10, kind: 'restores', source: `measured 10.5 to 10.5; ${SAME}` },
  { from: MR11, to: MR11, kind: 'restores', source: SAME },
  { from: MR12, to: MR12, kind: 'restores', source: `measured 12.5 to 12.5; ${SAME}` },
  {
    from: MR13,
    to: MR13,
    kind: 'restores',
    source: `measured 13.4, 26.0 and 26.2 with themselves and with each other, both ways; ${SAME}`,
  },
  { from: MR10, to: MR11, kind: 'deletes', source: NO_TAGS },
  {
    from: MR10,
    to: MR12,
    kind: 'deletes',
    source: `measured 10.5 to 12.5 ("failed to create tags"); ${NO_TAGS}`,
  },
  { from: MR11, to: MR10, kind: 'deletes', source: NO_BRANCHES },
  {
    from: MR12,
    to: MR10,
    kind: 'deletes',
    source: `measured 12.5 to 10.5 ("failed to link tags"); ${NO_BRANCHES}`,
  },
  {
    from: { from: 'mr10.5', before: 'mr13.0' },
    to: MR13,
    kind: 'deletes',
    source: `measured 10.5 and 12.5 to 13.4 and 26.0 ("failed to create medias"); ${NO_PTIME}`,
  },
  {
    from: MR13,
    to: MR12,
    kind: 'restores-json',
    source:
      'measured 13.4 and 26.0 to 12.5, with redis-format = JSON and without ("could not parse JSON data")',
  },
  { from: MR13, to: MR10, kind: 'deletes', source: `in either format: ${NO_BRANCHES}` },
];

/** What becomes of calls that `from` wrote when `to` reads them. Throws FleetError `usage` for what is no version. */
export function restoreOf(from: string, to: string): Restore {
  const row = RESTORES.find((one) => isWithin(from, one.from) && isWithin(to, one.to));
  return row ?? { kind: 'unknown', source: 'neither measured nor proven by the source' };
}

/** May these two read each other's calls? Each with each: there is no pair of which only one way depends on the format. */
export function canShare(a: string, b: string): boolean {
  return [restoreOf(a, b), restoreOf(b, a)].every(({ kind }) => kind === 'restores');
}
