/** `pnpm proxy:config`: the configuration of a SIP proxy for the relays of a stack, from the stack's outputs. */
import { readFileSync } from 'node:fs';
import { Argument, Command, InvalidArgumentError } from 'commander';
import { LONGEST_CALL_SECONDS, PROXIES, proxyConfig, type SipProxy } from '../configs/proxies.ts';
import { FleetError, reasonOf } from '../lib/errors.ts';
import { runProgram, withoutDashes } from '../lib/program.ts';

const EXAMPLES = `
Examples:
  pulumi stack output --json | pnpm --silent proxy:config kamailio > rtpfleet.cfg
  pnpm --silent lab apply --json > outputs.json; pnpm --silent proxy:config opensips --outputs outputs.json

Exit codes: 0 done, 1 defect, 2 wrong usage, or outputs that are not those of a stack.`;

type Flags = { readonly outputs?: string; readonly longestCall: number };

function program(): Command {
  return new Command('proxy:config')
    .description('Prints what Kamailio or OpenSIPS needs to use the relays of a stack.')
    .addArgument(new Argument('<proxy>', 'the proxy').choices(PROXIES))
    .option('--outputs <file>', "the stack's outputs as JSON (default: standard input)")
    .option(
      '--longest-call <seconds>',
      'so long a proxy remembers the relay of a call',
      seconds,
      LONGEST_CALL_SECONDS,
    )
    .addHelpText('after', EXAMPLES)
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .action((proxy: SipProxy, { outputs, longestCall }: Flags) => {
      process.stdout.write(proxyConfig(proxy, readOutputs(outputs), longestCall));
    });
}

function seconds(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number of seconds.');
}

function readOutputs(file: string | undefined): unknown {
  try {
    return JSON.parse(readFileSync(file ?? process.stdin.fd, 'utf8'));
  } catch (cause) {
    throw new FleetError({
      ...{ kind: 'usage', code: 'stack-outputs', cause },
      message: `${file ?? 'Standard input'} holds no JSON: ${reasonOf(cause).replaceAll('\n', ' ')}`,
      hint: 'Give the outputs of `pulumi stack output --json`.',
    });
  }
}

await runProgram(program(), withoutDashes(process.argv));
