/** What one fleet's relays should have in force, and the files that bring it about. Pure. */
import type { Fleet } from '../../configs/fleet.ts';
import { asKernelWrites } from '../../configs/number-list.ts';
import { PARAMETERS, type Parameter } from './parameters.ts';

/** One line of what `rtpfleet-tuning` looks at on a relay. */
export type Wanted = {
  /**
   * `limit`: a line of RTPEngine's /proc/PID/limits; `cpus`: those that something may run on; `argument`: of the kernel; `irq`: the CPUs
   * that the interrupts of the network card arrive at.
   */
  readonly kind: 'sysctl' | 'limit' | 'cpus' | 'argument' | 'irq';
  readonly name: string;
  /** `in`: each CPU is among these. */
  readonly comparison: '=' | '>=' | 'in';
  readonly value: string;
  readonly scope: Parameter['scope'];
  /** `card`: where a network card has interrupts that can be moved. */
  readonly presence: Parameter['presence'] | 'card';
  readonly reason: string;
};

/** Limits of RTPEngine's unit, with the name that /proc/PID/limits has for each. */
export const LIMITS = [
  {
    unit: 'LimitNOFILE=150000',
    name: 'Max open files',
    value: '150000',
    reason: 'Four files for each audio call, and twice the ports that there are.',
  },
  {
    unit: 'LimitRTPRIO=99',
    name: 'Max realtime priority',
    value: '99',
    reason: 'Real-time scheduling for who asks for it: rtpengine.options.scheduling and priority.',
  },
  {
    unit: 'LimitNICE=-20',
    name: 'Max nice priority',
    value: '40',
    reason: 'The same for nice values; 40 is how the kernel writes -20.',
  },
  {
    unit: 'LimitMEMLOCK=8M',
    name: 'Max locked memory',
    value: '8388608',
    reason: 'Keys are kept out of swap (upstream’s own unit).',
  },
] as const;

/** The fleet file's own settings take the place of the table's, or come after them. */
export function wantedSysctls(fleet: Fleet): readonly Wanted[] {
  const own = new Map(Object.entries(fleet.tuning.sysctl));
  const table = PARAMETERS.filter(({ only }) => only?.(fleet) ?? true).map((parameter): Wanted => {
    const { name, scope, presence, reason, comparison = '=', value } = parameter;
    const wanted = typeof value === 'string' ? value : value(fleet);
    const chosen = own.get(name);
    const common = { kind: 'sysctl', name, scope } as const;
    return chosen === undefined
      ? { ...common, comparison, value: wanted, presence, reason }
      : { ...common, comparison: '=', value: String(chosen), presence: stillThere(presence), reason: OWN };
  });
  const listed = new Set(PARAMETERS.map(({ name }) => name));
  const further = [...own].filter(([name]) => !listed.has(name)).map(furtherSysctl);
  return [...table, ...further];
}

const OWN = 'tuning.sysctl of the fleet file.';

/** What a fleet file asks for has to be there. */
function stillThere(presence: Parameter['presence']): Parameter['presence'] {
  return presence === 'module' ? 'module' : 'always';
}

function furtherSysctl([name, value]: readonly [string, string | number]): Wanted {
  const isOfNetwork = name.startsWith('net.') && !name.startsWith('net.core.');
  const scope = isOfNetwork ? 'namespace' : 'machine';
  const common = { kind: 'sysctl', comparison: '=', presence: 'always', reason: OWN } as const;
  return { ...common, name, value: String(value), scope };
}

/** Everything that a relay looks at. */
export function wantedTuning(fleet: Fleet): readonly Wanted[] {
  // Of the machine, since a container cannot raise them above what its host gave it.
  const limits = LIMITS.map(({ name, value, reason }): Wanted => {
    return { kind: 'limit', name, comparison: '>=', value, scope: 'machine', presence: 'always', reason };
  });
  return [...wantedSysctls(fleet), ...limits, ...wantedCpus(fleet)];
}

/** Who may run where: only what the fleet file says something about. */
function wantedCpus(fleet: Fleet): readonly Wanted[] {
  const { rtpengineCpus, systemCpus, irqCpus } = fleet.tuning;
  const always = { comparison: '=', presence: 'always' } as const;
  const line = (wanted: Omit<Wanted, 'reason'>, key: string): Wanted => {
    return { ...wanted, reason: `tuning.${key} of the fleet file.` };
  };
  const cpus = (name: string, value: string, scope: Wanted['scope'], key: string) =>
    line({ kind: 'cpus', name, value: asKernelWrites(value), scope, ...always }, key);
  const args = kernelArguments(fleet);
  return [
    ...(rtpengineCpus === undefined ? [] : [cpus('rtpengine', rtpengineCpus, 'namespace', 'rtpengineCpus')]),
    // Of the first process, which hands them on to all that it starts.
    ...(systemCpus === undefined ? [] : [cpus('system', systemCpus, 'namespace', 'systemCpus')]),
    ...args.map((name) =>
      line({ kind: 'argument', name, value: name, scope: 'machine', ...always }, 'isolateCpus'),
    ),
    // What the kernel made of the argument.
    ...(args.length === 0 || rtpengineCpus === undefined
      ? []
      : [cpus('nohz_full', rtpengineCpus, 'machine', 'isolateCpus')]),
    ...(irqCpus === undefined ? [] : [line(interrupts(asKernelWrites(irqCpus)), 'irqCpus')]),
  ];
}

function interrupts(value: string): Omit<Wanted, 'reason'> {
  const where = { scope: 'machine', presence: 'card' } as const;
  return { kind: 'irq', name: 'network card', comparison: 'in', value, ...where };
}

/**
 * What isolation asks of the kernel. Not `isolcpus=domain`, as guides have it: that also ends the balancing of threads
 * among the isolated CPUs, and RTPEngine, which pins no thread itself, would run on the first of them alone
 * (Linux Documentation/admin-guide/kernel-parameters.txt).
 */
export function kernelArguments({ tuning }: Fleet): readonly string[] {
  if (!tuning.isolateCpus || tuning.rtpengineCpus === undefined) return [];
  const cpus = asKernelWrites(tuning.rtpengineCpus);
  return [`nohz_full=${cpus}`, `rcu_nocbs=${cpus}`, `isolcpus=managed_irq,${cpus}`];
}

/** The settings for sysctl.d, each under its reason; what is not written says so. */
export function sysctlLines(fleet: Fleet): string {
  return wantedSysctls(fleet)
    .map(({ name, value, reason, presence, comparison }) => {
      if (presence === 'gone') return `# ${name}: not set, ${reason}.`;
      if (comparison === '>=') return `# ${name}: not set, at least ${value} is expected. ${reason}`;
      // Absent as long as its module is not loaded; a udev rule sets it then.
      return `# ${reason}\n${presence === 'module' ? '-' : ''}${name} = ${value}`;
    })
    .join('\n');
}

/** For the program on the relay: tab between kind, name, comparison, value, scope and presence. */
export function tuningTable(fleet: Fleet): string {
  const lines = wantedTuning(fleet).map(({ kind, name, comparison, value, scope, presence }) =>
    [kind, name, comparison, value === '' ? '-' : value, scope, presence].join('\t'),
  );
  return `${lines.join('\n')}\n`;
}
