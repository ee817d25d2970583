/** RTPEngine's configuration in an image: what the fleet file and the version make of it. Pure. */
import type { Fleet } from '../configs/fleet.ts';
import { type Instance, logNameOf } from '../configs/instances.ts';
import { hazardOptions } from '../lib/hazards.ts';
import { logOptions } from './logs.ts';

/** What a template is filled with. */
export type Values = Readonly<Record<string, string | number>>;

/**
 * What the template of rtpengine.conf is filled with.
 * @param one of several; absent: there is no other
 */
export function relayValues(fleet: Fleet, version: string, one?: Instance): Values {
  const { instances: _, threads: __, options: ___, kernel: ____, ...plain } = fleet.rtpengine;
  const { ports, number, ...rest } = { number: undefined, ...plain, ...one };
  const name = number === undefined ? [] : [`log-name = ${logNameOf(number)}`];
  const file = number === undefined ? 'rtpengine.conf' : `rtpengine-${number}.conf`;
  return {
    fleet: fleet.name,
    file,
    portMin: ports.min,
    portMax: ports.max,
    ...rest,
    options: [furtherOptions(fleet, version), ...name].join('\n'),
    redis: redisOptions(fleet),
    kernel: kernelOptions(fleet),
  };
}

/** A Redis is one RTPEngine's: another with the same database would take its calls for its own. */
function redisOptions({ redis, rtpengine }: Fleet): string {
  if (rtpengine.instances > 1) return '# No Redis: RTPEngines that share one take the calls of the others.';
  return `# Only when metadata names a Redis:
#redis# redis = @REDIS@
#redis# no-redis-required = ${!redis.required}`;
}

/** `no-fallback`: RTPEngine ends at start where it has no kernel module. */
function kernelOptions({ rtpengine: { kernel } }: Fleet): string {
  if (kernel === 'off') return '# No kernel forwarding.\ntable = -1';
  return `# Kernel forwarding.\ntable = 0\nno-fallback = ${kernel === 'required'}`;
}

/** `num-threads` is only written when it is given: RTPEngine takes 0 for none at all. What the version's hazards ask for
 * is written unless the fleet file says otherwise. */
function furtherOptions(fleet: Fleet, version: string): string {
  const threads = fleet.rtpengine.threads === 0 ? [] : [`num-threads = ${fleet.rtpengine.threads}`];
  const options = { ...hazardOptions(version), ...logOptions(fleet), ...fleet.rtpengine.options };
  const own = Object.entries(options).map(([name, value]) => `${name} = ${value}`);
  return [...threads, ...own].join('\n');
}
