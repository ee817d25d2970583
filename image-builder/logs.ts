/** Log files of a relay: which facility goes where, and what logrotate keeps. Pure. */
import type { Fleet } from '../configs/fleet.ts';

/** The facilities are written into the template of rsyslog as well. */
const LOGS = [
  { key: 'main', option: 'log-facility', facility: 'local1', file: '/var/log/rtpengine/rtpengine.log' },
  {
    key: 'cdr',
    option: 'log-facility-cdr',
    facility: 'local2',
    file: '/var/log/rtpengine/rtpengine-cdr.log',
  },
  {
    key: 'rtcp',
    option: 'log-facility-rtcp',
    facility: 'local3',
    file: '/var/log/rtpengine/rtpengine-rtcp.log',
  },
] as const;

/** Lines of rtpengine.conf. */
export function logOptions({ logs }: Fleet): Readonly<Record<string, string>> {
  const wanted = LOGS.filter(({ key }) => key === 'main' || logs[key].enabled);
  return Object.fromEntries(wanted.map(({ option, facility }) => [option, facility]));
}

/**
 * One section of logrotate(8) for each file. `rotate` bounds the space, `maxage` the time. Files that are not written are
 * rotated away too: they are from before a change of the image's configuration.
 */
export function logrotateSections({ logs }: Fleet): string {
  return LOGS.map(({ key, file }) => {
    const { keepDays, keepMb } = logs[key];
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
  }).join('\n');
}
