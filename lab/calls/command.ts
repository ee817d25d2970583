import { constants, setPriority } from 'node:os';
import { Command, InvalidArgumentError, Option } from 'commander';
import { EXIT, FleetError } from '../../lib/errors.ts';
import type { CallLine, SummaryLine } from '../../rollout/report/call-lines.ts';
import { startCaller } from './caller.ts';
import { createTeller } from './teller.ts';

export type CallsFlags = {
  readonly relays: readonly { readonly host: string; readonly port: number }[];
  readonly rate: number;
  readonly atLeast: number;
  readonly seconds: readonly [number, number];
  readonly reinvites: number;
  readonly pick: 'turn' | 'hash';
  readonly seed: number;
  readonly from?: string;
  readonly json?: boolean;
  readonly for?: number;
};

const NG_PORT = 22222;

/** `pnpm lab calls`: puts live calls with real RTP on relays and counts every packet. */
export function callsCommand(): Command {
  return new Command('calls')
    .description('Put live calls with real RTP on relays and count every packet, until SIGTERM or Ctrl-C.')
    .requiredOption(
      '--relays <list>',
      `relays, host or host:port (ng, UDP; default port ${NG_PORT}), commas between`,
      toRelays,
    )
    .option('--rate <calls>', 'new calls per second (Poisson)', toNumber(0.01, 100), 3.2)
    .option(
      '--at-least <calls>',
      'calls at once below which a further one starts at once',
      toNumber(0, 1_000),
      34,
    )
    .option('--seconds <shortest-longest>', 'length of a call', toSeconds, [5, 20])
    .option('--reinvites <share>', 'share of the calls with a re-INVITE', toNumber(0, 1), 0.5)
    .addOption(
      new Option('--pick <how>', 'relay of a new call: in turn, or by hash of its Call-ID')
        .choices(['turn', 'hash'])
        .default('turn'),
    )
    .option('--seed <number>', 'same seed = same calls', toNumber(0, 2 ** 32 - 1), 1)
    .option('--from <address>', "the phones' address (default: the one that routes to the relays)")
    .option('--for <seconds>', 'stop by itself after so long', toNumber(1, 86_400))
    .option('--json', 'print JSON lines: each second, each call, the summary')
    .action(async (flags: CallsFlags) => {
      process.exitCode = await runCalls(flags);
    });
}

/** Runs until told to stop; the exit code is 3 when a call was cut or a packet lost. */
export async function runCalls(flags: CallsFlags): Promise<number> {
  hurry();
  const write = flags.json === true ? writeJson : createTeller();
  const caller = await startCaller({
    ...{ relays: flags.relays, rate: flags.rate, atLeast: flags.atLeast, seconds: flags.seconds },
    ...{ reInviteShare: flags.reinvites, pick: flags.pick, seed: flags.seed, emit: write },
    ...(flags.from === undefined ? {} : { from: flags.from }),
  });
  const timer = flags.for === undefined ? undefined : setTimeout(caller.stop, flags.for * 1_000);
  const forget = stopOnSignals(caller);
  try {
    return exitCodeOf(await caller.done);
  } finally {
    clearTimeout(timer);
    forget();
  }
}

/** A phone keeps time whatever else this machine does; where that is not allowed (not root), its pauses are counted. */
function hurry(): void {
  try {
    setPriority(constants.priority.PRIORITY_HIGH);
  } catch {
    // EACCES: an ordinary user.
  }
}

function exitCodeOf({ cut, packetsLost }: SummaryLine): number {
  return cut + packetsLost === 0 ? EXIT.done : EXIT.halted;
}

/** The first signal stops new calls, the second ends the running ones; so does a reader that went away. */
function stopOnSignals(caller: { readonly stop: () => void; readonly hangUp: () => void }): () => void {
  let told = false;
  const onSignal = () => {
    if (told) caller.hangUp();
    else caller.stop();
    told = true;
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  process.stdout.on('error', caller.hangUp);
  return () => {
    process.off('SIGTERM', onSignal);
    process.off('SIGINT', onSignal);
    process.stdout.off('error', caller.hangUp);
  };
}

function writeJson(line: CallLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function toRelays(text: string): CallsFlags['relays'] {
  return text.split(',').map((entry) => {
    const [, host, port] = /^([^\s:]+)(?::(\d{1,5}))?$/.exec(entry.trim()) ?? [];
    if (host === undefined || Number(port ?? 1) > 65_535)
      throw new InvalidArgumentError(`"${entry}" is not host or host:port.`);
    return { host, port: port === undefined ? NG_PORT : Number(port) };
  });
}

function toNumber(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !(value >= low && value <= high))
      throw new InvalidArgumentError(`It must be a number from ${low} to ${high}.`);
    return value;
  };
}

function toSeconds(text: string): readonly [number, number] {
  const [, low, high] = /^(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)$/.exec(text) ?? [];
  const range = [Number(low), Number(high)] as const;
  // A call that sends more than 65,535 packets would use sequence numbers twice, and the count would not be exact.
  if (!(range[0] >= 1 && range[0] <= range[1] && range[1] <= 1_200))
    throw new InvalidArgumentError('It must be two numbers from 1 to 1200, e.g. 5-20.');
  return range;
}

/** Entry of `node lab/calls/main.ts`; wrong flags end with exit code 2. */
export async function main(argv: readonly string[]): Promise<number> {
  try {
    await callsCommand().exitOverride().parseAsync(argv, { from: 'user' });
    return Number(process.exitCode ?? EXIT.done);
  } catch (error) {
    if (isCommanderError(error)) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    throw error;
  }
}

function isCommanderError(error: unknown): error is { exitCode: number } {
  return error instanceof Error && 'exitCode' in error && !(error instanceof FleetError);
}
