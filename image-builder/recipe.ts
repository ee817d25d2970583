/** What goes into an image besides packages: our own files, rendered for one fleet. Pure but for reading the templates
 * and programs of this repository. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Fleet } from '../configs/fleet.ts';
import { instancesOf } from '../configs/instances.ts';
import { asKernelWrites } from '../configs/number-list.ts';
import { render } from '../configs/render.ts';
import {
  configLinks,
  configOf,
  instanceList,
  instanceUnits,
  ONLY_OF_ONE,
  ofOneAmongSeveral,
  SEVERAL_COPIED,
  SEVERAL_RENDERED,
} from './instances.ts';
import { kernelModuleOf, modulesAtBoot } from './kernel/names.ts';
import { logrotateSections, syslogRules } from './logs.ts';
import type { ImageFile } from './overlay.ts';
import { relayValues, type Values } from './relay-values.ts';
import { kernelArguments, sysctlLines, tuningTable } from './tuning/wanted.ts';
import { hardening, powersOf, resources, writablePaths } from './unit.ts';

const TEMPLATES = join(import.meta.dirname, '..', 'configs', 'templates', 'image');
const PROGRAMS = join(import.meta.dirname, 'on-image');
const UNITS = '/etc/systemd/system';

/** RTPEngine's configuration as the image has it; the relay completes it at boot. */
export const RELAY_CONFIG = '/usr/lib/rtpfleet/rtpengine.conf.in';

/** What the kernel is told for this fleet; the disk's boot loaders get it from here. */
const KERNEL_ARGUMENTS = '/usr/lib/rtpfleet/kernel-arguments';

/** Where each template ends up. */
const RENDERED: Readonly<Record<string, string>> = {
  'rtpengine.conf': RELAY_CONFIG,
  // After every other name, also after 99-…: files are read in the order of their names.
  'sysctl.conf': '/etc/sysctl.d/zz-rtpfleet.conf',
  'networkd.network': '/etc/systemd/network/10-rtpfleet.network',
  'timesyncd.conf': '/etc/systemd/timesyncd.conf.d/rtpfleet.conf',
  'resolved.conf': '/etc/systemd/resolved.conf.d/rtpfleet.conf',
  'journald.conf': '/etc/systemd/journald.conf.d/rtpfleet.conf',
  'guest-agent.cfg': '/etc/default/instance_configs.cfg',
  'sshd.conf': '/etc/ssh/sshd_config.d/10-rtpfleet.conf',
  'ssh.service.conf': `${UNITS}/ssh.service.d/rtpfleet.conf`,
  'conntrack.rules': '/etc/udev/rules.d/60-rtpfleet-conntrack.rules',
  'rsyslog.conf': '/etc/rsyslog.conf',
  'logrotate.conf': '/etc/logrotate.d/rtpfleet',
  'logrotate.timer.conf': `${UNITS}/logrotate.timer.d/rtpfleet.conf`,
  'tmpfiles.conf': '/etc/tmpfiles.d/rtpfleet.conf',
  'rtpengine-daemon.service': `${UNITS}/rtpengine-daemon.service`,
  'rtpfleet-config.service': `${UNITS}/rtpfleet-config.service`,
  'rtpfleet-ready.service': `${UNITS}/rtpfleet-ready.service`,
  'rtpfleet-growroot.service': `${UNITS}/rtpfleet-growroot.service`,
};

const COPIED: Readonly<Record<string, string>> = {
  ask: '/usr/lib/rtpfleet/ask',
  'common.sh': '/usr/lib/rtpfleet/common.sh',
  run: '/usr/lib/rtpfleet/run',
  'rtpfleet-config': '/usr/sbin/rtpfleet-config',
  'rtpfleet-health': '/usr/sbin/rtpfleet-health',
  'rtpfleet-ready': '/usr/sbin/rtpfleet-ready',
  'rtpfleet-growroot': '/usr/sbin/rtpfleet-growroot',
  'rtpfleet-tuning': '/usr/sbin/rtpfleet-tuning',
};

/** Units that start by themselves: `<unit that wants it>/<unit>` → where the unit lies. */
const ENABLED: Readonly<Record<string, string>> = {
  'multi-user.target.wants/systemd-networkd.service': '/usr/lib/systemd/system',
  'sockets.target.wants/systemd-networkd.socket': '/usr/lib/systemd/system',
  'network-online.target.wants/systemd-networkd-wait-online.service': '/usr/lib/systemd/system',
  'sysinit.target.wants/systemd-resolved.service': '/usr/lib/systemd/system',
  'multi-user.target.wants/rtpengine-daemon.service': UNITS,
  'multi-user.target.wants/rtpfleet-config.service': UNITS,
  'multi-user.target.wants/rtpfleet-growroot.service': UNITS,
  'rtpengine-daemon.service.wants/rtpfleet-ready.service': UNITS,
};

const MASKED = [
  // An image is never changed in place: an upgrade at night would restart RTPEngine and cut calls.
  'apt-daily.timer',
  'apt-daily-upgrade.timer',
  'e2scrub_all.timer',
  // The unit of upstream's package, which would start a second RTPEngine beside ours.
  'ngcp-rtpengine-daemon.service',
];

/** The files of an image for `fleet`, sorted by path. */
export function imageFiles(fleet: Fleet, version: string): readonly ImageFile[] {
  const files: ImageFile[] = [
    ...(fleet.rtpengine.instances === 1 ? filesOfOne(fleet, version) : filesOfSeveral(fleet, version)),
    ...MASKED.map((unit) => link(`${UNITS}/${unit}`, '/dev/null')),
    ...cpuFiles(fleet),
    text('/usr/lib/rtpfleet/tuning', tuningTable(fleet)),
    link('/etc/resolv.conf', '../run/systemd/resolve/stub-resolv.conf'),
    // Empty, not `uninitialized`: that would be a first boot, which asks questions on the console.
    text('/etc/machine-id', ''),
    text('/etc/fstab', '# The kernel command line mounts the root file system; there is nothing else.\n'),
    // As new as /usr: nothing of it is to be worked out again at the first boot (systemd.unit(5), ConditionNeedsUpdate=).
    text('/etc/.updated', ''),
    text('/var/.updated', ''),
    ...(fleet.rtpengine.kernel === 'off' ? [] : kernelFiles(version)),
    text('/usr/lib/rtpfleet/release', `VERSION=${version}\nFLEET=${fleet.name}\nBASE=${fleet.image.base}\n`),
  ];
  return files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

function filesOfOne(fleet: Fleet, version: string): readonly ImageFile[] {
  return [
    ...Object.entries(RENDERED).map(([name, path]) => text(path, rendered(name, fleet, version))),
    ...Object.entries(COPIED).map(([name, path]) => program(name, path)),
    ...enabled(Object.entries(ENABLED)),
  ];
}

function filesOfSeveral(fleet: Fleet, version: string): readonly ImageFile[] {
  const { rtpengine } = fleet;
  return [
    ...there({ ...RENDERED, ...SEVERAL_RENDERED }).map(([name, path]) =>
      text(path, rendered(name, fleet, version)),
    ),
    ...instancesOf(rtpengine).map((one) =>
      text(configOf(one.number), filled('rtpengine.conf', relayValues(fleet, version, one))),
    ),
    ...configLinks(fleet).map(([path, target]) => link(path, target)),
    text('/usr/lib/rtpfleet/instances', instanceList(fleet)),
    ...there({ ...COPIED, ...SEVERAL_COPIED }).map(([name, path]) =>
      program(name, path, (content) => ofOneAmongSeveral(name, content)),
    ),
    ...enabled(Object.entries(ENABLED).filter(([want]) => want !== ONLY_OF_ONE)),
  ];
}

function there(places: Readonly<Record<string, string | undefined>>): readonly (readonly [string, string])[] {
  return Object.entries(places).flatMap(([name, path]) =>
    path === undefined ? [] : [[name, path] as const],
  );
}

function enabled(wants: readonly (readonly [want: string, folder: string])[]): readonly ImageFile[] {
  return wants.map(([want, folder]) => link(`${UNITS}/${want}`, `${folder}/${lastPart(want)}`));
}

/** RTPEngine's configuration in an image; of several, that of the first, which has the same options as the others. Pure. */
export function relayConfig(files: readonly ImageFile[]): string {
  const file = files.find(({ path }) => path === RELAY_CONFIG || path === configOf(1));
  return file?.kind === 'file' ? file.content : '';
}

/** What forwarding in the kernel needs besides the module, which is part of the tree. */
function kernelFiles(version: string): readonly ImageFile[] {
  const modules = text('/etc/modules-load.d/rtpfleet.conf', `${modulesAtBoot(version).join('\n')}\n`);
  const state = program('kernel-state', '/usr/lib/rtpfleet/kernel-state');
  if (kernelModuleOf(version).firewall === 'nftables') return [modules, state];
  const rule = readFileSync(join(TEMPLATES, 'rtpengine-kernel.service.conf'), 'utf8');
  return [
    modules,
    state,
    program('kernel-rule', '/usr/lib/rtpfleet/kernel-rule'),
    text(`${UNITS}/rtpengine-daemon.service.d/rtpfleet-kernel.conf`, rule),
  ];
}

/** Only when the fleet file says which CPUs. */
function cpuFiles(fleet: Fleet): readonly ImageFile[] {
  const files: ImageFile[] = [];
  const { tuning } = fleet;
  const args = kernelArguments(fleet);
  if (args.length > 0) files.push(text(KERNEL_ARGUMENTS, `${args.join(' ')}\n`));
  if (tuning.systemCpus !== undefined) {
    const content = filled('system.conf', { cpus: asKernelWrites(tuning.systemCpus) });
    files.push(text('/etc/systemd/system.conf.d/rtpfleet.conf', content));
  }
  if (tuning.irqCpus !== undefined) {
    const unit = 'rtpfleet-irq.service';
    files.push(text(`${UNITS}/${unit}`, filled(unit, { cpus: asKernelWrites(tuning.irqCpus) })));
    files.push(link(`${UNITS}/multi-user.target.wants/${unit}`, `${UNITS}/${unit}`));
    files.push(program('rtpfleet-irq', '/usr/sbin/rtpfleet-irq'));
  }
  return files;
}

/** What the kernel is to be told on top of what every image tells it. Pure. */
export function furtherArguments(files: readonly ImageFile[]): readonly string[] {
  const file = files.find(({ path }) => path === KERNEL_ARGUMENTS);
  return file?.kind === 'file' ? file.content.trim().split(' ') : [];
}

function rendered(name: string, fleet: Fleet, version: string): string {
  return filled(name, VALUES[name]?.(fleet, version) ?? {});
}

function filled(name: string, values: Values): string {
  const template = readFileSync(join(TEMPLATES, name), 'utf8');
  return render(template, values, `configs/templates/image/${name}`);
}

/** What a template is filled with; who is not here has no gaps. */
const VALUES: Readonly<Record<string, (fleet: Fleet, version: string) => Values>> = {
  'sysctl.conf': (fleet) => ({ settings: sysctlLines(fleet) }),
  'logrotate.conf': (fleet) => ({ files: logrotateSections(fleet) }),
  'tmpfiles.conf': (fleet) => ({
    folders: writablePaths(fleet)
      .map((path) => `d ${path} 0750 rtpengine rtpengine`)
      .join('\n'),
  }),
  'rsyslog.conf': (fleet) => ({ rules: syslogRules(fleet) }),
  'rtpengine-daemon.service': unitValues,
  'rtpengine-daemon@.service': unitValues,
  'rtpengine-all.service': (fleet) => ({ units: instanceUnits(fleet) }),
  'rtpengine.conf': (fleet, version) => relayValues(fleet, version),
};

function unitValues(fleet: Fleet): Values {
  return {
    // With a dash: a recording folder on a disk that is not there must not keep RTPEngine from starting.
    writable: writablePaths(fleet)
      .map((path) => `-${path}`)
      .join(' '),
    resources: resources(fleet).join('\n'),
    hardening: hardening(powersOf(fleet)).join('\n'),
  };
}

function program(name: string, path: string, change = (content: string) => content): ImageFile {
  const mode = name.endsWith('.sh') ? 0o644 : 0o755;
  return { kind: 'file', path, mode, content: change(readFileSync(join(PROGRAMS, name), 'utf8')) };
}

function text(path: string, content: string): ImageFile {
  return { kind: 'file', path, mode: 0o644, content };
}

function link(path: string, target: string): ImageFile {
  return { kind: 'link', path, target };
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
