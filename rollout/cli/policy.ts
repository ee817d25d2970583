/** Options that change the policy of the fleet file for one run. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { number, whole } from './options.ts';

export function withPolicy(command: Command): Command {
  return command
    .option(
      '--max-unavailable <n>',
      'relays that may be away at once: a number, or a share such as 10%',
      amount(1),
    )
    .option('--pre-cordon <n>', 'further relays of the zone that may drain meanwhile', amount(0))
    .addOption(
      new Option(
        '--reserve <what>',
        'what the others must be able to lose and still carry every call',
      ).choices(['none', 'relay', 'zone']),
    )
    .option('--bake-seconds <s>', 'watch the first relay of a new image for so long; 0 = no canary', whole(0))
    .addOption(
      new Option('--tail <what>', 'what becomes of a drain that lasts').choices([
        'wait',
        'hold',
        'reap',
        'hand-over',
      ]),
    )
    .option('--handover', 'live calls go on at another relay meanwhile, the same as --tail hand-over')
    .option('--reap-after-seconds <s>', 'with --tail reap: end silent calls after so long a drain', whole(0))
    .option('--reap-silent-seconds <s>', 'with --tail reap: calls without a packet for so long', whole(10))
    .option(
      '--share <n>',
      'end once so many relays are on the new image: a number, or a share such as 25%',
      amount(1),
    )
    .option('--any-time', 'whatever the maintenance windows say')
    .option(
      '--until <time>',
      'begin nothing after this, and hold drains that last: 2026-11-21T05:00Z',
      moment,
    )
    .option('--drain-seconds <s>', 'report a drain as held after this; 0 = wait for ever', whole(0))
    .option('--replace-seconds <s>', 'halt when a new relay has not passed its gate by then', whole(10))
    .option('--poll-seconds <s>', 'time between two looks', number(0.1));
}

function amount(least: number): (text: string) => number | string {
  return (text) => {
    if (/^[1-9][0-9]?%$/.test(text)) return text;
    if (/^\d{1,6}$/.test(text) && Number(text) >= least) return Number(text);
    throw new InvalidArgumentError(`It must be a whole number, ${least} or more, or a share from 1% to 99%.`);
  };
}

/** With its own zone, so that nobody has to guess whose clock is meant. */
function moment(text: string): number {
  const at = /(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(at)) return at;
  throw new InvalidArgumentError('It must be a time with its zone, such as 2026-11-21T05:00Z.');
}
