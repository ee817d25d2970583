/** The intent of a rollout as labels on the VM, and back. GCE label values: `[a-z0-9_-]{0,63}`. Pure. */
import { LABEL } from '../../configs/naming.ts';
import type { Known } from '../../lib/ng/fields.ts';
import type { Cordon, Leave, Settings } from './fleet.ts';

/** Cordons by a person start with this, so that a rollout can tell them from its own. */
const BY_HAND = 'hand-';

export function byHand(person: string): string {
  return labelValue(`${BY_HAND}${person}`);
}

export function isByHand(cordon: Cordon): boolean {
  return cordon.by.startsWith(BY_HAND);
}

/** Any text as a label value. */
function labelValue(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]+/g, '-')
    .slice(0, 63)
    .replace(/-+$/, '');
}

export type CordonLabels = Readonly<Record<string, string>>;

/** The labels that say: cordoned since, by whom, what to restore. */
export function cordonLabels(cordon: Cordon): CordonLabels {
  return {
    [LABEL.cordonedAt]: String(Math.floor(cordon.at / 1000)),
    [LABEL.cordonedBy]: labelValue(cordon.by),
    [LABEL.before]: formatSettings(cordon.before),
  };
}

/** The names of those labels, to take them off. */
export const CORDON_LABELS: readonly string[] = [LABEL.cordonedAt, LABEL.cordonedBy, LABEL.before];

/**
 * The cordon that labels speak of; undefined: none. A damaged value does not hide a cordon: it is then
 * as old as the epoch, by `unknown`, and restores no limit.
 */
export function readCordon(labels: CordonLabels): Cordon | undefined {
  const at = labels[LABEL.cordonedAt];
  if (at === undefined) return undefined;
  return {
    at: /^\d{1,12}$/.test(at) ? Number(at) * 1000 : 0,
    by: labels[LABEL.cordonedBy] ?? 'unknown',
    before: parseSettings(labels[LABEL.before] ?? ''),
  };
}

/** The names of the labels of `hold` and `skip`, to take them off. */
export const LEAVE_LABELS: readonly string[] = [LABEL.leave, LABEL.leaveBy, LABEL.leaveReason];

/** As it will be read back: a label keeps letters, digits and dashes only. */
export function leaveOf(kind: Leave['kind'], by: string, reason: string): Leave {
  return { kind, by: labelValue(by), reason: labelValue(reason.trim()) };
}

export function leaveLabels({ kind, by, reason }: Leave): CordonLabels {
  return { [LABEL.leave]: kind, [LABEL.leaveBy]: by, [LABEL.leaveReason]: reason };
}

/** Undefined: nobody asked to leave it alone. A damaged value still does: `hold`. */
export function readLeave(labels: CordonLabels): Leave | undefined {
  const kind = labels[LABEL.leave];
  if (kind === undefined) return undefined;
  return {
    kind: kind === 'skip' ? 'skip' : 'hold',
    by: labels[LABEL.leaveBy] ?? 'unknown',
    reason: labels[LABEL.leaveReason] ?? '',
  };
}

/** `hold by ann-host: its disk is examined` */
export function leaveWords({ kind, by, reason }: Leave): string {
  return `${kind} by ${by}${reason === '' ? '' : `: ${reason.replaceAll('-', ' ')}`}`;
}

/** Who wants this relay replaced whatever is on it; undefined: nobody. */
export function readForce(labels: CordonLabels): string | undefined {
  return labels[LABEL.force];
}

export function forceLabels(by: string): CordonLabels {
  return { [LABEL.force]: labelValue(by) || 'unknown' };
}

/** `{limit: -1, deleteDelay: 30}` → `none_30`; with timeouts `none_30_3600_240`. */
function formatSettings({ limit, deleteDelay, timeouts }: Settings): string {
  const lowered = timeouts === undefined ? '' : `_${timeouts.silent}_${timeouts.offer}`;
  return `${limit < 0 ? 'none' : limit}_${deleteDelay}${lowered}`;
}

function parseSettings(text: string): Settings {
  const [limit = '', delay = '', silent = '', offer = ''] = text.split('_');
  const timeouts = { silent: numberOr(silent, 0), offer: numberOr(offer, 0) };
  const known = timeouts.silent > 0 && timeouts.offer > 0;
  return {
    limit: numberOr(limit, -1),
    deleteDelay: numberOr<Known>(delay, 'unknown'),
    ...(known ? { timeouts } : {}),
  };
}

function numberOr<T>(text: string, otherwise: T): number | T {
  return /^\d{1,9}$/.test(text) ? Number(text) : otherwise;
}
