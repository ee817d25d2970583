/** What an image holds instead where several RTPEngines run on one host. Pure. */
import type { Fleet } from '../configs/fleet.ts';
import { numbersOfInstances } from '../configs/instances.ts';

const UNIT = 'rtpengine-daemon.service';
const ONE = '/usr/lib/rtpfleet/one';

/** RTPEngine's configuration as the image has it, of one among several. */
export function configOf(number: number): string {
  return `/usr/lib/rtpfleet/rtpengine-${number}.conf.in`;
}

/** Templates that such an image has, and where they end up; `undefined`: it does not have this one. */
export const SEVERAL_RENDERED: Readonly<Record<string, string | undefined>> = {
  'rtpengine.conf': undefined,
  'rtpfleet-ready.service': undefined,
  'rtpengine-daemon.service': undefined,
  'rtpengine-all.service': `/etc/systemd/system/${UNIT}`,
  'rtpengine-daemon@.service': '/etc/systemd/system/rtpengine-daemon@.service',
  'rtpfleet-ready@.service': '/etc/systemd/system/rtpfleet-ready@.service',
};

/** Its programs: those that are about one RTPEngine, and those that go through all. */
export const SEVERAL_COPIED: Readonly<Record<string, string | undefined>> = {
  'rtpfleet-config': `${ONE}/rtpfleet-config`,
  'rtpfleet-health': `${ONE}/rtpfleet-health`,
  'rtpfleet-ready': `${ONE}/rtpfleet-ready`,
  'rtpfleet-config-all': '/usr/sbin/rtpfleet-config',
  'rtpfleet-health-all': '/usr/sbin/rtpfleet-health',
};

/** Links that only an image with one has. */
export const ONLY_OF_ONE = 'rtpengine-daemon.service.wants/rtpfleet-ready.service';

/** Configuration as it is found where people look for it; it is written at boot, like that of one. */
export function configLinks({ rtpengine }: Fleet): readonly (readonly [path: string, target: string])[] {
  return numbersOfInstances(rtpengine.instances).map((number) => [
    `/etc/rtpengine/rtpengine-${number}.conf`,
    `/run/rtpfleet/rtpengine-${number}.conf`,
  ]);
}

/** The list that the programs for all go through. */
export function instanceList({ rtpengine }: Fleet): string {
  return numbersOfInstances(rtpengine.instances)
    .map((number) => `${number}\n`)
    .join('');
}

/** Names of the units, in one line. */
export function instanceUnits({ rtpengine }: Fleet): string {
  return numbersOfInstances(rtpengine.instances)
    .map((number) => `rtpengine-daemon@${number}.service`)
    .join(' ');
}

/** What a program says of the only RTPEngine → of the one that `INSTANCE` names. */
const WORDS: Readonly<Record<string, readonly (readonly [only: string, one: string])[]>> = {
  'common.sh': [
    ['CONF=/run/rtpfleet/rtpengine.conf\n', `CONF=/run/rtpfleet/rtpengine-\${INSTANCE:=1}.conf\n`],
  ],
  'rtpfleet-config': [
    ['/usr/lib/rtpfleet/rtpengine.conf.in', '/usr/lib/rtpfleet/rtpengine-$INSTANCE.conf.in'],
  ],
  'rtpfleet-health': [[UNIT, '"rtpengine-daemon@$INSTANCE.service"']],
  'rtpfleet-ready': [
    ['/usr/sbin/rtpfleet-health', `${ONE}/rtpfleet-health`],
    ['/usr/sbin/rtpfleet-tuning', '/usr/sbin/rtpfleet-tuning "rtpengine-daemon@$INSTANCE.service"'],
  ],
  // Limits and CPUs are in the template that all are made of.
  'rtpfleet-tuning': [[UNIT, 'rtpengine-daemon@1.service']],
};

/** A program of an image with one RTPEngine as one among several has it. Such images are rare, and all others are to keep
 * programs that know nothing of them. */
export function ofOneAmongSeveral(name: string, content: string): string {
  return (WORDS[name] ?? []).reduce((text, [only, one]) => {
    if (text.split(only).length !== 2) throw new Error(`on-image/${name} does not hold ${only} just once`);
    return text.replace(only, () => one);
  }, content);
}
