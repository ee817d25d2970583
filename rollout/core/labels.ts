/** The intent of a rollout as labels on the VM, and back. GCE label values: `[a-z0-9_-]{0,63}`. Pure. */
import { LABEL } from '../../configs/naming.ts';
import type { Known } from '../../lib/ng/fields.ts';
import type { Cordon, Settings } from './fleet.ts';

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
    .slice(0, 63);
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

/** `{limit: -1, deleteDelay: 30}` → `none_30`. */
function formatSettings({ limit, deleteDelay }: Settings): string {
  return `${limit < 0 ? 'none' : limit}_${deleteDelay}`;
}

function parseSettings(text: string): Settings {
  const [limit = '', delay = ''] = text.split('_');
  return { limit: numberOr(limit, -1), deleteDelay: numberOr<Known>(delay, 'unknown') };
}

function numberOr<T>(text: string, otherwise: T): number | T {
  return /^\d{1,9}$/.test(text) ? Number(text) : otherwise;
}
