import type { CallEndedLine, CallLine } from '../../rollout/report/call-lines.ts';
import { runCall } from './call.ts';
import type { CallPorts } from './call-state.ts';
import type { Ledger } from './ledger.ts';
import { createPlans, type PlanOptions } from './plans.ts';

export type TrafficOptions = PlanOptions & {
  readonly atLeast: number;
  readonly emit: (line: CallLine) => void;
};

export type Traffic = {
  /** No new calls. */
  readonly stop: () => void;
  /** Resolves when it is stopped and the last call has ended. Rejects when a call could not be made here. */
  readonly done: Promise<void>;
};

const RAMP_MS = 50;
const SECOND_MS = 1_000;

/** Starts calls as they arrive, and further ones while there are too few. */
export function startTraffic(options: TrafficOptions, ledger: Ledger, ports: CallPorts): Traffic {
  const plans = createPlans(options);
  const calls = createCalls(
    () => runCall(ports, plans.next()),
    (line) => {
      ledger.ended(line);
      options.emit(line);
    },
  );
  const stopArrivals = startArrivals(plans.pause, calls.start);
  const isShort = () => Math.min(calls.running(), ledger.nowTalking()) < options.atLeast;
  const ramp = setInterval(() => {
    if (isShort() && calls.running() < options.atLeast * 2) calls.start();
    if (ledger.nowTalking() >= options.atLeast) ledger.rampedUp();
  }, RAMP_MS);
  const seconds = setInterval(() => options.emit(ledger.second(new Date().toISOString())), SECOND_MS);
  const stop = () => {
    stopArrivals();
    clearInterval(ramp);
    ledger.stopped();
    calls.last();
  };
  const done = calls.done.finally(() => {
    stop();
    clearInterval(seconds);
  });
  return { stop, done };
}

/** Runs calls side by side; `done` after `last` was said and the last one has ended, or with the first fault. */
function createCalls(run: () => Promise<CallEndedLine>, onEnd: (line: CallEndedLine) => void) {
  const { promise: done, resolve, reject } = Promise.withResolvers<void>();
  let running = 0;
  let isLast = false;
  const endIfOver = () => {
    if (isLast && running === 0) resolve();
  };
  const start = async () => {
    running += 1;
    await run().then(onEnd).catch(reject);
    running -= 1;
    endIfOver();
  };
  return {
    done,
    start: () => void start(),
    running: () => running,
    last: () => {
      isLast = true;
      endIfOver();
    },
  };
}

/** Calls `arrive` after each pause (seconds) until the returned function is called. */
function startArrivals(pause: () => number, arrive: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const next = () => {
    timer = setTimeout(() => {
      arrive();
      next();
    }, pause() * 1_000);
  };
  next();
  return () => clearTimeout(timer);
}
