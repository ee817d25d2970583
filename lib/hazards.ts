/**
 * What goes wrong in which RTPEngine versions, and what rtpfleet does about each: the one table that the image builder and
 * the rollout read. Pure.
 */
import { restoreOf } from './restores.ts';
import { isWithin, type Versions } from './version-range.ts';

export type HazardWords = {
  /** Stable identifier, lower-case words with dashes. */
  readonly id: string;
  /** What goes wrong, as the beginning of a sentence. */
  readonly what: string;
  /** What rtpfleet does about it, or leaves to the operator. */
  readonly remedy: string;
  /** Upstream's file@tag, its issue, or the experiment that showed it. */
  readonly source: string;
};

/** Something wrong with a version itself. */
export type Hazard = HazardWords & {
  readonly versions: Versions;
  /** It tells on a relay that is being drained. */
  readonly inDrain?: true;
  /** The configuration of our images keeps it from doing harm. */
  readonly cured?: true;
  /** Lines of rtpengine.conf that cure it, unless the fleet file sets them. */
  readonly options?: Readonly<Record<string, string>>;
};

/** Something wrong with going from one version to another. */
export type StepHazard = HazardWords & {
  readonly from: Versions;
  readonly to: Versions;
};

/** By the text of JSON_SET_NSTRING_LEN in daemon/redis.c of every tag from mr13.0 to mr14.1. */
const KEYS_LOST: Versions = [
  { from: 'mr13.0', before: 'mr13.5.1.4' },
  { from: 'mr14.0', before: 'mr14.0.1.2' },
];

export const HAZARDS: readonly Hazard[] = [
  {
    id: 'reinvite-refused',
    versions: { before: 'mr9.3.1.9' },
    inDrain: true,
    what: 'a session limit also refuses re-INVITEs of running calls, so a drain by maxsessions 0 breaks them',
    remedy: 'take new calls off such a relay at the SIP proxies instead',
    source:
      'daemon/call_interfaces.c of every tag: mr9.3.1.8 and all before check every offer, mr9.3.1.9 and all after only those without a call',
  },
  {
    id: 'sdes-keys-lost',
    versions: KEYS_LOST,
    what: 'SDES-SRTP keys are lost when calls are restored from Redis in the default format',
    remedy: 'redis-format = JSON is set',
    source:
      'measured 13.4 to 13.4 and to 26.0; JSON_SET_NSTRING_LEN in daemon/redis.c of every tag, mended in mr13.5.1.4 and mr14.0.1.2',
    options: { 'redis-format': 'JSON' },
    cured: true,
  },
  {
    id: 'empty-calls',
    versions: { from: 'mr13.1' },
    inDrain: true,
    what: 'an offer that fails to parse leaves an empty call that only final-timeout ends',
    remedy: 'final-timeout is set, and a drain removes empty calls',
    source: 'measured on 13.4, 26.0 and 26.2; call_timer_iterator in daemon/call.c@mr13.4.1.10',
  },
  {
    id: 'delete-delay',
    versions: {},
    inDrain: true,
    cured: true,
    what: 'an ended call counts as a call until delete-delay is over, 30 s unless it is set, so a drain waits for it',
    remedy: 'it is set, to 5 s unless the fleet file says otherwise',
    source: 'measured on 10.5, 12.5, 13.4 and 26.0: 15 s calls drained in 16 s with 0, in 46 s with 30',
  },
];

export const STEP_HAZARDS: readonly StepHazard[] = [
  {
    id: 'kernel-module-renamed',
    from: { before: 'mr14.1' },
    to: { from: 'mr14.1' },
    what: 'the kernel module xt_RTPENGINE is called nft_rtpengine from mr14.1 on',
    remedy: 'each image holds its kernel and the module that was built for it, under the name of its version',
    source: 'kernel-module/ and debian/ by tag',
  },
  {
    id: 'kernel-module-renamed-back',
    from: { from: 'mr14.1' },
    to: { before: 'mr14.1' },
    what: 'the kernel module nft_rtpengine is called xt_RTPENGINE before mr14.1',
    remedy: 'each image holds its kernel and the module that was built for it, under the name of its version',
    source: 'kernel-module/ and debian/ by tag',
  },
];

/** What goes wrong in this version, a full or partial tag. Throws FleetError `usage` for what is no version. */
export function hazardsOf(version: string): readonly Hazard[] {
  return HAZARDS.filter((hazard) => isWithin(version, hazard.versions));
}

/** What of a version tells while a relay that runs it is drained. */
export function drainHazardsOf(version: string): readonly Hazard[] {
  return hazardsOf(version).filter(({ inDrain }) => inDrain === true);
}

/** What goes wrong in going from one version to another, on top of what is wrong with each. */
export function hazardsBetween(from: string, to: string): readonly HazardWords[] {
  const known = STEP_HAZARDS.filter((hazard) => isWithin(from, hazard.from) && isWithin(to, hazard.to));
  const restore = from === to ? undefined : restoreHazard(from, to);
  return restore === undefined ? known : [restore, ...known];
}

const DRAINED = 'calls are drained before a relay is replaced, so none is left to restore';

function restoreHazard(from: string, to: string): HazardWords | undefined {
  const { kind, source } = restoreOf(from, to);
  switch (kind) {
    case 'restores':
      return undefined;
    case 'restores-json':
      return {
        id: 'restore-json',
        what: 'calls in Redis are restored only if they were written as JSON, else the attempt deletes them',
        remedy: DRAINED,
        source,
      };
    case 'deletes':
      return {
        id: 'restore-deletes',
        what: 'calls in Redis cannot be restored, and the attempt deletes them',
        remedy: DRAINED,
        source,
      };
    case 'unknown':
      return {
        id: 'restore-unknown',
        what: 'whether calls in Redis can be restored is not known',
        remedy: DRAINED,
        source,
      };
    default:
      return kind satisfies never;
  }
}

/** Lines of rtpengine.conf that the hazards of a version ask for. */
export function hazardOptions(version: string): Readonly<Record<string, string>> {
  return Object.assign({}, ...hazardsOf(version).map((hazard) => hazard.options ?? {}));
}

/** One line for a person: `mr13.4.1.10: <what> (<remedy>); …`. Undefined: nothing is known to go wrong. */
export function wordHazards(subject: string, hazards: readonly HazardWords[]): string | undefined {
  if (hazards.length === 0) return undefined;
  return `${subject}: ${hazards.map(({ what, remedy }) => `${what} (${remedy})`).join('; ')}`;
}
