/**
 * Does what the new VMs take more than the old ones fit the quotas? A VM is deleted before its successor is made
 * (RECREATE, no surge), so a rollout to VMs of the same size needs no more than there is, however many are away at once;
 * larger ones need the difference. Pure.
 */
import { regionOf } from '../../../configs/places.ts';
import { lastSegment, type Template } from '../gce-view.ts';
import { bootDisk, type Facts, known, machineOf, type OldRelay, type Region, templateOf } from './facts.ts';
import { stop, type Trouble, unseen } from './trouble.ts';

type Amounts = ReadonlyMap<string, number>;

export function quotaTroubles(facts: Facts): readonly Trouble[] {
  return [...facts.regions].flatMap(([region, found]) => {
    if (found.kind === 'refused') return [unseen(`The quotas of ${region}`, found.because)];
    return found.kind === 'known' ? regionTroubles(region, found.value, facts) : [];
  });
}

function regionTroubles(name: string, { quotas }: Region, facts: Facts): readonly Trouble[] {
  const known = new Set((quotas ?? []).map(({ metric }) => String(metric)));
  const more = growth(name, facts, known);
  return (quotas ?? []).flatMap(({ metric, usage, limit }): readonly Trouble[] => {
    const what = String(metric);
    const [used, most, need] = [usage ?? 0, limit ?? 0, more.get(what) ?? 0];
    if (!taken(facts, name, known).has(what) || used + need <= most) return [];
    const next = `Ask for more: gcloud or the console, quota ${what} in ${name}.`;
    const uses = `${name} uses ${used} of its quota of ${most} ${what}`;
    if (need === 0) return [stop(`${uses}: a deleted VM could not be made again.`, next)];
    return [stop(`${uses}, and the new VMs need ${need} more than the old ones.`, next)];
  });
}

/** Quotas that any VM of the rollout takes from. */
function taken(facts: Facts, region: string, known: ReadonlySet<string>): ReadonlySet<string> {
  const all = facts.groups
    .filter(({ zone }) => regionOf(zone) === region)
    .flatMap(({ zone, template }) => [...amountsOf(zone, template, facts, known).keys()]);
  return new Set(all);
}

/** How much more the new VMs take than the old ones, by quota; never less than 0. */
function growth(region: string, facts: Facts, known: ReadonlySet<string>): Amounts {
  const sums = new Map<string, number>();
  for (const { zone, template, old } of facts.groups) {
    if (regionOf(zone) !== region) continue;
    const after = amountsOf(zone, template, facts, known);
    for (const relay of old) {
      const before = takenNow(relay, zone, facts, known) ?? after;
      for (const [what, amount] of after)
        sums.set(what, (sums.get(what) ?? 0) + amount - (before.get(what) ?? 0));
    }
  }
  return new Map([...sums].map(([what, amount]) => [what, Math.max(0, amount)]));
}

/** undefined: its template is gone, or its machine type; it is taken to be as large as its successor. */
function takenNow(
  relay: OldRelay,
  zone: string,
  facts: Facts,
  metrics: ReadonlySet<string>,
): Amounts | undefined {
  if (relay.instance === undefined) return new Map();
  const template = known(facts.templates.get(templateOf(relay)));
  const machine = facts.machines.get(`${zone}/${machineOf(template)}`);
  if (template === undefined || machine?.kind === 'missing') return undefined;
  return amountsOf(zone, templateOf(relay), facts, metrics);
}

/** What one VM of a template takes, as far as it is known. */
function amountsOf(zone: string, name: string, facts: Facts, metrics: ReadonlySet<string>): Amounts {
  const template = known(facts.templates.get(name));
  if (template === undefined) return new Map();
  const type = machineOf(template);
  const cpus = known(facts.machines.get(`${zone}/${type}`))?.guestCpus ?? 0;
  const metric = cpuMetric(type, metrics);
  const disk = diskOf(template);
  return new Map([
    ['INSTANCES', 1],
    ...(metric === undefined || cpus === 0 ? [] : [[metric, cpus] as const]),
    [disk.metric, disk.gb],
    ...(hasExternal(template) ? [['IN_USE_ADDRESSES', 1] as const] : []),
  ]);
}

const SHARED: readonly string[] = ['e2', 'n1', 'f1', 'g1'];

/** Older families share CPUS, others have a quota of their own; of the newest a region does not tell (GCE: allocation quotas). */
function cpuMetric(type: string, metrics: ReadonlySet<string>): string | undefined {
  const family = type.split('-')[0] ?? '';
  if (SHARED.includes(family)) return 'CPUS';
  const own = `${family.toUpperCase()}_CPUS`;
  return metrics.has(own) ? own : undefined;
}

/** pd-balanced and pd-ssd count as SSD (GCE: disk quotas). */
function diskOf(template: Template): { readonly metric: string; readonly gb: number } {
  const { diskType, diskSizeGb } = bootDisk(template) ?? {};
  const isPlain = lastSegment(diskType) === 'pd-standard' || !diskType;
  return { metric: isPlain ? 'DISKS_TOTAL_GB' : 'SSD_TOTAL_GB', gb: Number(diskSizeGb ?? 0) };
}

function hasExternal(template: Template): boolean {
  return (template.properties?.networkInterfaces?.[0]?.accessConfigs ?? []).length > 0;
}
