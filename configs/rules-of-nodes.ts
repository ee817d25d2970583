/** What a JSON Schema cannot say of a relay's operating system and log files. Pure. */
import type { Fleet } from './fleet.ts';
import type { Problem } from './load.ts';
import { FEWEST_LOCAL_PORTS, localPorts, overlap, sizeOf } from './local-ports.ts';
import { numbersOf } from './number-list.ts';

export function tuning(fleet: Fleet): readonly Problem[] {
  return [...localPortRange(fleet), ...cpus(fleet)];
}

const PORT_RANGE = 'net.ipv4.ip_local_port_range';

/** A connection of the relay's own on a media port takes it from a call. */
function localPortRange({ rtpengine, tuning }: Fleet): readonly Problem[] {
  const media = rtpengine.ports;
  const own = tuning.sysctl[PORT_RANGE];
  if (own === undefined) {
    const left = sizeOf(localPorts(media));
    if (left >= FEWEST_LOCAL_PORTS) return [];
    return [
      {
        path: ['rtpengine', 'ports'],
        message: `rtpengine.ports: ${media.min}-${media.max} leaves ${left} ports in a row for the relay's own connections, which need ${FEWEST_LOCAL_PORTS}`,
      },
    ];
  }
  const path = ['tuning', 'sysctl', PORT_RANGE];
  const [min = Number.NaN, max = Number.NaN] = String(own).split(' ').map(Number);
  if (!(min <= max)) return [{ path, message: `${path.join('.')}: ${own} is not two ports, lowest first` }];
  if (!overlap({ min, max }, media)) return [];
  const message = `${path.join('.')}: ${own} overlaps the media ports ${media.min}-${media.max}`;
  return [{ path, message }];
}

function cpus({ tuning }: Fleet): readonly Problem[] {
  const lists = (['rtpengineCpus', 'systemCpus', 'irqCpus'] as const).flatMap((key) => {
    const list = tuning[key];
    return list === undefined ? [] : [{ key, list, cpus: numbersOf(list) }];
  });
  const empty = lists
    .filter(({ cpus }) => cpus.length === 0)
    .map(({ key, list }) => ({
      path: ['tuning', key],
      message: `tuning.${key}: ${list} names no CPU; write the lower number first`,
    }));
  return [...empty, ...sharedCpus(tuning), ...isolation(tuning)];
}

function sharedCpus({ rtpengineCpus = '', systemCpus }: Fleet['tuning']): readonly Problem[] {
  if (systemCpus === undefined || rtpengineCpus === '') return [];
  const ofRtpengine = new Set(numbersOf(rtpengineCpus));
  const shared = numbersOf(systemCpus).filter((cpu) => ofRtpengine.has(cpu));
  if (shared.length === 0) return [];
  const message = `tuning.systemCpus: ${systemCpus} and rtpengineCpus ${rtpengineCpus} have CPU ${shared.join(', ')} in common`;
  return [{ path: ['tuning', 'systemCpus'], message }];
}

function isolation({ isolateCpus, rtpengineCpus }: Fleet['tuning']): readonly Problem[] {
  if (!isolateCpus) return [];
  const path = ['tuning', 'isolateCpus'];
  if (rtpengineCpus === undefined)
    return [{ path, message: 'tuning.isolateCpus: needs rtpengineCpus, which says which CPUs' }];
  if (!numbersOf(rtpengineCpus).includes(0)) return [];
  const message = `tuning.isolateCpus: rtpengineCpus ${rtpengineCpus} holds CPU 0, which keeps the time for the others`;
  return [{ path, message }];
}

/** Log files take at most half of the disk. */
export function logs({ logs, relays, rtpengine: { instances } }: Fleet): readonly Problem[] {
  const problems: Problem[] = [];
  const kinds = ['main', 'cdr', 'rtcp'] as const;
  for (const kind of kinds) {
    // One file that is written, one that is kept.
    if (logs[kind].keepMb < 2 * logs.rotateMb * instances) {
      const each = instances === 1 ? '' : ` for each of ${instances} RTPEngines`;
      const message = `logs.${kind}.keepMb: ${logs[kind].keepMb} is less than two files of rotateMb ${logs.rotateMb}${each}`;
      problems.push({ path: ['logs', kind, 'keepMb'], message });
    }
  }
  const sum = kinds.reduce((total, kind) => total + logs[kind].keepMb, 0);
  if (sum > (relays.diskGb * 1024) / 2) {
    const message = `logs: ${sum} MB of log files are more than half of relays.diskGb ${relays.diskGb}`;
    problems.push({ path: ['logs'], message });
  }
  return problems;
}

/** Lines of rtpengine.conf that the image writes itself, and what says them instead. RTPEngine takes one of two in silence. */
const OWN_OPTIONS: Readonly<Record<string, string>> = {
  interface: 'it comes from the metadata server at boot',
  'listen-ng': 'say rtpengine.ngPort',
  'listen-tcp-ng': 'say rtpengine.ngPort',
  'listen-cli': 'say rtpengine.cliPort',
  'listen-http': 'say rtpengine.httpPort',
  'port-min': 'say rtpengine.ports.min',
  'port-max': 'say rtpengine.ports.max',
  'num-threads': 'say rtpengine.threads',
  table: 'say rtpengine.kernel',
  'no-fallback': 'say rtpengine.kernel',
  'log-level': 'say rtpengine.logLevel',
  'log-stderr': 'RTPEngine logs by syslog, see logs',
  'log-facility': 'say logs',
  'log-facility-cdr': 'say logs.cdr',
  'log-facility-rtcp': 'say logs.rtcp',
  timeout: 'say rtpengine.timeoutSeconds',
  'silent-timeout': 'say rtpengine.silentTimeoutSeconds',
  'offer-timeout': 'say rtpengine.offerTimeoutSeconds',
  'final-timeout': 'say rtpengine.finalTimeoutSeconds',
  'delete-delay': 'say rtpengine.deleteDelaySeconds',
  'max-sessions': 'a relay is always born cordoned',
  redis: 'say redis; the address comes from the metadata server at boot',
  'no-redis-required': 'say redis.required',
  foreground: 'the unit says it',
  pidfile: 'the unit says it',
  'config-file': 'the unit says it',
};

export function ownOptions({ rtpengine }: Fleet): readonly Problem[] {
  return Object.keys(rtpengine.options).flatMap((name) => {
    const instead = OWN_OPTIONS[name];
    if (instead === undefined) return [];
    const path = ['rtpengine', 'options', name];
    return [{ path, message: `${path.join('.')}: the image writes ${name} itself; ${instead}` }];
  });
}
