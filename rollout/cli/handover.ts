/** Command line of a hand-over between two RTPEngines. */
import process from 'node:process';
import { type Command, InvalidArgumentError } from 'commander';
import { isVersionWord, LATEST } from '../../lib/version.ts';
import { example, exits, whole } from './options.ts';

export function addHandover(program: Command): void {
  const command = program
    .command('handover')
    .argument('<giver>', 'address of the RTPEngine that has the calls')
    .argument('<taker>', 'address of the RTPEngine that gets them')
    .description(
      'move the live calls of one RTPEngine to another, with the address that they were told: for hosts of your own that share such an address',
    )
    .requiredOption('--address <ip>', 'the address of the calls, of media and of ng, that moves')
    .requiredOption(
      '--move <program>',
      'brings it there: run as PROGRAM ADDRESS TO FROM, also more than once',
    )
    .requiredOption('--redis <host:port>', 'the Redis of both (password: env RTPFLEET_REDIS_PASSWORD)')
    .requiredOption('--through <number>', 'database that nobody uses, for the copies', whole(0))
    .requiredOption('--version <tag>', 'RTPEngine of the giver, such as mr12.5.1.31', tag)
    .option('--taker-version <tag>', 'that of the taker, if it is another one', tag)
    .option('--cli-port <port>', 'listen-cli of both, at their own addresses', whole(1), 9900)
    .option('--ng-port <port>', 'listen-tcp-ng of both, at their own addresses', whole(1), 22222)
    .option('--wait-seconds <s>', 'so long calls that cannot move are waited for', whole(0), 3600)
    .option('--patience-seconds <s>', 'so long the network may need to route the address anew', whole(1), 15)
    .option('--json', 'print JSON lines', false)
    .action(async (giver: string, taker: string, options) => {
      process.exitCode = await (await import('../commands/handover.ts')).handover(giver, taker, options);
    });
  example(
    command,
    'rollout handover 10.0.0.11 10.0.0.12 --address 10.0.0.50 --move ./move-address --redis 10.0.0.5:6379 --through 14 --version mr12.5.1.31',
  );
  exits(command, '0 all calls moved, 3 nothing moved, or all went back');
}

function tag(text: string): string {
  if (isVersionWord(text) && text !== LATEST) return text;
  throw new InvalidArgumentError('It must be a version as upstream tags it, such as mr12.5.1.31.');
}
