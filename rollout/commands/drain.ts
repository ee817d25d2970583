/** `rollout drain <relay>`: cordon it and wait until it is empty; nothing is replaced. */
import process from 'node:process';
import { EXIT } from '../../lib/errors.ts';
import { byHand } from '../core/labels.ts';
import { effectivePolicy } from '../core/policy.ts';
import { type DrainEnd, untilEmpty } from '../drain.ts';
import { type FleetOptions, observerOf, withSession } from '../session.ts';
import { byHandOn } from './cordon.ts';

/** Exit code 0: it is empty; 3: it is not within the policy's time, or was taken back; 130: Ctrl-C, it stays cordoned. */
export async function drain(name: string, options: FleetOptions): Promise<number> {
  await byHandOn('cordon', name, options);
  return await withSession(options, async (session) => {
    const policy = effectivePolicy(session.file, { drain: true });
    const stop = new AbortController();
    const onSignal = () => stop.abort();
    for (const signal of SIGNALS) process.once(signal, onSignal);
    const tell = (because: string) => void process.stdout.write(`${name}: ${because}\n`);
    const observer = observerOf(session, policy);
    const run = byHand(session.by);
    const end = await untilEmpty(session, { name, run, policy, observer, stop: stop.signal, tell });
    for (const signal of SIGNALS) process.off(signal, onSignal);
    process.stdout.write(`${name} ${WORDS[end.kind]}: ${end.because}\n`);
    return CODES[end.kind];
  });
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

const WORDS = {
  empty: 'is empty and stays cordoned',
  held: 'is not empty in the time that a drain may take, and stays cordoned',
  released: 'was taken back by somebody else',
  interrupted: 'stays cordoned',
} as const satisfies Record<DrainEnd['kind'], string>;

const CODES = {
  empty: EXIT.done,
  held: EXIT.halted,
  released: EXIT.halted,
  interrupted: EXIT.interrupted,
} as const satisfies Record<DrainEnd['kind'], number>;
