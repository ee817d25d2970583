/** What a relay wrote about itself, as its guest attributes hold it. What cannot be read is bad news. Pure. */
import { GUEST } from '../../configs/naming.ts';
import type { GceAnswer } from '../../lib/gce.ts';
import type { OwnCheck, SelfReport } from '../core/fleet.ts';

type GuestAttributes = GceAnswer<'instances', 'getGuestAttributes'>;

export function reportOf(attributes: GuestAttributes): SelfReport {
  const items = attributes.queryValue?.items ?? [];
  const value = (key: string) =>
    items.find((item) => item.namespace === GUEST.namespace && item.key === key)?.value ?? undefined;
  const [health, tuning] = [value(GUEST.health), value(GUEST.tuning)];
  return {
    version: value(GUEST.version)?.trim(),
    health: health === undefined ? undefined : parsed('health', health, failedChecks),
    ...(tuning === undefined ? {} : { tuning: parsed('tuning', tuning, faultyParameters) }),
  };
}

type Json = Readonly<Record<string, unknown>>;

function parsed(what: string, text: string, failed: (report: Json) => readonly string[]): OwnCheck {
  try {
    const report = JSON.parse(text) as Json;
    return { ok: report.ok === true, failed: failed(report) };
  } catch {
    return { ok: false, failed: [`its ${what} report is not JSON`] };
  }
}

/** image-builder/on-image/rtpfleet-health */
function failedChecks({ checks }: Json): readonly string[] {
  return listOf(checks)
    .filter(({ ok }) => ok !== true)
    .map(({ name, detail }) => `${name ?? '?'} (${detail ?? 'no detail'})`);
}

/** Those that the system could have set and has not (image-builder/on-image/rtpfleet-tuning). */
function faultyParameters({ parameters }: Json): readonly string[] {
  return listOf(parameters)
    .filter(({ state }) => state === 'differs' || state === 'absent')
    .map(({ name, actual, wanted }) => `${name} is ${actual ?? 'absent'}, wanted ${wanted}`);
}

function listOf(value: unknown): readonly Json[] {
  return Array.isArray(value)
    ? value.filter((one): one is Json => typeof one === 'object' && one !== null)
    : [];
}
