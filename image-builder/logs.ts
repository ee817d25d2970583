/** Log files of a relay: which facility goes where, and what logrotate keeps. Pure. */
import type { Fleet } from '../configs/fleet.ts';
import { logNameOf, numbersOfInstances } from '../configs/instances.ts';

const FOLDER = '/var/log/rtpengine';

const LOGS = [
  { key: 'main', option: 'log-facility', facility: 'local1', ending: '.log' },
  { key: 'cdr', option: 'log-facility-cdr', facility: 'local2', ending: '-cdr.log' },
  { key: 'rtcp', option: 'log-facility-rtcp', facility: 'local3', ending: '-rtcp.log' },
] as const;

/** Every log file of a host. Of several RTPEngines each has its own, told apart by the name that it logs under. */
function logFiles({ rtpengine: { instances } }: Fleet) {
  const names = instances === 1 ? ['rtpengine'] : numbersOfInstances(instances).map(logNameOf);
  return names.flatMap((name) =>
    LOGS.map((log) => ({ ...log, name, file: `${FOLDER}/${name}${log.ending}` })),
  );
}

/** What rsyslog writes where. */
export function syslogRules(fleet: Fleet): string {
  const several = fleet.rtpengine.instances > 1;
  return logFiles(fleet)
    .map(({ facility, name, file }) => {
      const own = several ? ` and $programname == "${name}"` : '';
      return `if $syslogfacility-text == "${facility}"${own} then action(type="omfile" file="${file}")`;
    })
    .join('\n');
}

/** Lines of rtpengine.conf. */
export function logOptions({ logs }: Fleet): Readonly<Record<string, string>> {
  const wanted = LOGS.filter(({ key }) => key === 'main' || logs[key].enabled);
  return Object.fromEntries(wanted.map(({ option, facility }) => [option, facility]));
}

/**
 * One section of logrotate(8) for each file. `rotate` bounds the space, `maxage` the time. Files that are not written are
 * rotated away too: they are from before a change of the image's configuration.
 */
export function logrotateSections(fleet: Fleet): string {
  const { logs, rtpengine } = fleet;
  const sections = logFiles(fleet).map(({ key, file }) => {
    const { keepDays } = logs[key];
    const keepMb = logs[key].keepMb / rtpengine.instances;
    const lines = [
      'daily',
      `maxsize ${logs.rotateMb}M`,
      `rotate ${Math.max(1, Math.floor(keepMb / logs.rotateMb) - 1)}`,
      `maxage ${keepDays}`,
      // Seconds: a file may be rotated several times a day.
      'dateext',
      'dateformat -%Y%m%d-%s',
      'missingok',
      'notifempty',
      'compress',
      // rsyslog may still write a line to the old file.
      'delaycompress',
      'create 0640 root adm',
      'postrotate',
      '    /usr/lib/rsyslog/rsyslog-rotate',
      'endscript',
    ];
    return `${file} {\n${lines.map((line) => `    ${line}`).join('\n')}\n}`;
  });
  return sections.join('\n');
}
