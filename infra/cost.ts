/**
 * What a stack costs a month, roughly, from the small price table of prices.json. An estimate: no discounts, no traffic, no logs. What
 * the table does not know is said, never counted as nothing. Pure.
 */
import type { Declared, Json } from './evaluate/protocol.ts';
import { record, records } from './policies/subject.ts';
import prices from './prices.json' with { type: 'json' };

export type CostLine = {
  /** e.g. `6 × e2-standard-4 in europe-west3`. */
  readonly what: string;
  /** A month; undefined: the table does not know it. */
  readonly amount: number | undefined;
  /** Why the amount is not known. */
  readonly because?: string;
};

export type Cost = {
  readonly currency: string;
  /** When the prices were those, `2026-09-27`. */
  readonly date: string;
  readonly source: string;
  readonly lines: readonly CostLine[];
  /** Of what is known, a month. */
  readonly total: number;
  /** Whether every line is in the total. */
  readonly complete: boolean;
  /** Price of the traffic of so many hours of a two-way audio call, which no line holds. */
  readonly traffic: { readonly callHours: number; readonly amount: number };
};

/** Per direction: 50 packets a second of 160 bytes G.711 and 40 bytes of RTP, UDP and IPv4. */
const CALL_BYTES_PER_SECOND = 50 * 200;
const CALL_HOURS = 1000;

/** Estimates what the resources of a stack cost. */
export function costOf(resources: readonly Declared[]): Cost {
  const lines = [
    ...groupLines(resources),
    ...ruleLines(resources),
    ...resources.flatMap((one) => resourceLine(one, resources)),
  ];
  const known = lines.flatMap(({ amount }) => amount ?? []);
  // A relay sends what each side sent it: both directions go out once.
  const bytes = 2 * CALL_BYTES_PER_SECOND * 3600 * CALL_HOURS;
  return {
    ...{ currency: prices.currency, date: prices.date, source: prices.source, lines },
    total: cents(known.reduce((sum, amount) => sum + amount, 0)),
    complete: known.length === lines.length,
    traffic: { callHours: CALL_HOURS, amount: cents((bytes / 2 ** 30) * prices.egressGb) },
  };
}

/** Price of one in the cheapest regions, the price in every region, or why it is not known. */
type Price = number | { readonly everywhere: number } | { readonly unknown: string };

function line(what: string, count: number, one: Price, region: string): CostLine {
  const factor = prices.regionClasses.find(({ regions }) => regions.includes(region))?.factor;
  const text = `${count} × ${what} in ${region}`;
  if (typeof one !== 'number') {
    if ('unknown' in one) return { what: text, amount: undefined, because: one.unknown };
    return { what: text, amount: cents(count * one.everywhere) };
  }
  if (factor === undefined)
    return { what: text, amount: undefined, because: `region ${region} is not in the price table` };
  return { what: text, amount: cents(count * one * factor) };
}

/** Machines, disks and addresses of all groups, by region and kind. */
function groupLines(resources: readonly Declared[]): readonly CostLine[] {
  const groups = resources.filter(({ type }) => /instanceGroupManager:/i.test(type));
  const counts = new Map<
    string,
    { readonly what: string; readonly one: Price; readonly region: string; count: number }
  >();
  for (const { inputs } of groups) {
    const region = regionOf(inputs);
    const template = templateOf(inputs, resources);
    for (const { what, one } of template === undefined ? [] : partsOf(template.inputs)) {
      const key = `${what} ${region}`;
      const sum = counts.get(key) ?? { what, one, region, count: 0 };
      counts.set(key, { ...sum, count: sum.count + sizeOf(inputs, resources) });
    }
  }
  return [...counts.values()].map(({ what, one, region, count }) => line(what, count, one, region));
}

/** Machines of a group: so many as it is told, or those that are made for it by name. */
function sizeOf({ name, targetSize }: Json, resources: readonly Declared[]): number {
  const named = resources.filter(
    ({ type, inputs }) => /perInstanceConfig:/i.test(type) && inputs.instanceGroupManager === name,
  );
  return Number(targetSize ?? named.length);
}

/** The template that a group wants, found by the end of its link. */
function templateOf({ versions }: Json, resources: readonly Declared[]): Declared | undefined {
  const templates = resources.filter(({ type }) => /instanceTemplate:/i.test(type));
  const wanted =
    String(records(versions).at(-1)?.instanceTemplate ?? '')
      .split('/')
      .at(-1) ?? '';
  const isWanted = ({ inputs }: Declared) =>
    wanted.startsWith(String(inputs.namePrefix ?? inputs.name ?? '-')) || wanted === inputs.name;
  return templates.find(isWanted) ?? templates[0];
}

function partsOf(inputs: Json): readonly { readonly what: string; readonly one: Price }[] {
  const external = records(inputs.networkInterfaces).flatMap(({ accessConfigs }) => records(accessConfigs));
  const machine = String(inputs.machineType);
  return [
    { what: machine, one: machinePrice(machine) },
    ...records(inputs.disks).map(({ diskSizeGb, diskType }) => ({
      what: `${diskSizeGb} GB ${diskType}`,
      one: diskPrice(String(diskType), Number(diskSizeGb)),
    })),
    ...external.map(() => ({
      what: 'external address',
      one: { everywhere: monthly(prices.externalAddressHour) },
    })),
  ];
}

/** Google's price of rules: the first few together, each further one by itself; regional ones and global ones apart. */
function ruleLines(resources: readonly Declared[]): readonly CostLine[] {
  const rules = resources.filter(({ type }) => /compute\/forwardingRule:/.test(type));
  const regions = [...new Set(rules.map(({ inputs }) => String(inputs.region)))];
  return regions.map((region) => {
    const count = rules.filter(({ inputs }) => inputs.region === region).length;
    const { first, firstHour, furtherHour } = prices.forwardingRules;
    const hour = firstHour + Math.max(0, count - first) * furtherHour;
    return line(`${count} forwarding rules`, 1, monthly(hour), region);
  });
}

type Family = {
  readonly core: number;
  readonly memoryGb: number;
  readonly gbPerCore: Readonly<Record<string, number>>;
};
type Shared = { readonly cores: number; readonly memoryGb: number };

function machinePrice(machine: string): Price {
  const [name = '', shape = '', size = ''] = machine.split('-');
  const family = lookup<Family>(prices.machines, name);
  const shared = lookup<Shared>(prices.sharedCores, machine);
  const cores = shared?.cores ?? Number(size);
  const gbPerCore = family === undefined ? undefined : lookup<number>(family.gbPerCore, shape);
  const memory = shared?.memoryGb ?? cores * (gbPerCore ?? Number.NaN);
  if (family === undefined || !(cores > 0) || Number.isNaN(memory))
    return { unknown: `machine type ${machine} is not in the price table` };
  return monthly(cores * family.core + memory * family.memoryGb);
}

function diskPrice(type: string, sizeGb: number): Price {
  const price = lookup<number>(prices.diskGbMonth, type);
  return price === undefined ? { unknown: `disk type ${type} is not in the price table` } : price * sizeGb;
}

/** What is paid for by itself, beside the groups. */
function resourceLine({ type, inputs }: Declared, all: readonly Declared[]): readonly CostLine[] {
  switch (type) {
    case 'gcp:redis/instance:Instance': {
      const what = `Memorystore ${inputs.tier} ${inputs.memorySizeGb} GB`;
      return [
        line(what, 1, redisPrice(String(inputs.tier), Number(inputs.memorySizeGb)), String(inputs.region)),
      ];
    }
    case 'gcp:compute/routerNat:RouterNat':
      return [natLine(String(inputs.region), all)];
    case 'gcp:compute/instance:Instance': {
      const region = regionOf(inputs);
      const machine = String(inputs.machineType);
      const disks = records(record(inputs.bootDisk).initializeParams);
      return [
        line(machine, 1, machinePrice(machine), region),
        ...disks.map((disk) => diskLine(disk, region)),
      ];
    }
    case 'gcp:compute/disk:Disk':
      return [diskLine(inputs, regionOf(inputs))];
    default:
      return [];
  }
}

/** Priced by machine up to a most, with one address; those with an address of their own do not use it. */
function natLine(region: string, all: readonly Declared[]): CostLine {
  const here = all.filter(({ inputs }) => regionOf(inputs) === region);
  const groups = here.filter(({ type }) => /instanceGroupManager:/i.test(type));
  const single = here.filter(({ type, inputs }) => /compute\/instance:/.test(type) && isInside(inputs));
  const relays = groups
    .filter(({ inputs }) => isInside(templateOf(inputs, all)?.inputs ?? {}))
    .reduce((sum, { inputs }) => sum + sizeOf(inputs, all), 0);
  const count = relays + single.length;
  const machines = Math.min(count, prices.natMostMachines);
  const hour = machines * prices.natMachineHour + prices.externalAddressHour;
  return line(`Cloud NAT for ${count} machines`, 1, { everywhere: monthly(hour) }, region);
}

function isInside({ networkInterfaces }: Json): boolean {
  return records(networkInterfaces).every(({ accessConfigs }) => records(accessConfigs).length === 0);
}

function diskLine({ size, type }: Json, region: string): CostLine {
  return line(`${size} GB ${type}`, 1, diskPrice(String(type), Number(size)), region);
}

function redisPrice(tier: string, sizeGb: number): Price {
  const steps = lookup<readonly { readonly upToGb: number; readonly price: number }[]>(
    prices.redisGbHour,
    tier,
  );
  const step = steps?.find(({ upToGb }) => sizeGb <= upToGb);
  return step === undefined
    ? { unknown: `Memorystore ${tier} of ${sizeGb} GB is not in the price table` }
    : monthly(step.price * sizeGb);
}

function regionOf({ zone, region }: Json): string {
  return typeof zone === 'string' ? zone.slice(0, zone.lastIndexOf('-')) : String(region);
}

function lookup<T>(table: object, key: string): T | undefined {
  return Object.hasOwn(table, key) ? (record(table)[key] as T) : undefined;
}

function monthly(hourly: number): number {
  return hourly * prices.hoursPerMonth;
}

function cents(amount: number): number {
  return Math.round(amount * 100) / 100;
}
