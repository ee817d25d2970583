/** Evaluates the Pulumi program in a process of its own (child.ts) and answers what it asks. */
import { type ChildProcess, fork } from 'node:child_process';
import { FleetError } from '../../lib/errors.ts';
import type { Failure, Handlers, Json, Order, Report } from './protocol.ts';

/** The Pulumi program that describes a fleet. */
export const FLEET_PROGRAM = new URL('../index.ts', import.meta.url);

export type Run = {
  /** Its default export declares everything and returns the outputs. */
  readonly program: URL;
  readonly stack: string;
  /** Settings of the stack: infra/config.ts, `StackConfig`. */
  readonly config: Json;
  /** Nothing is made: what is only known afterwards stays unknown. */
  readonly preview: boolean;
  readonly handlers: Handlers;
  readonly signal?: AbortSignal | undefined;
};

/** Begins the work that a question asks for; never throws. */
type Answerer = (ask: number, work: Promise<object>) => void;

/**
 * One evaluation; resolves with the stack's outputs (none in a preview). At the first resource or call that fails, no further one is
 * begun, those under way are waited for, and the error of the first is thrown.
 */
export async function evaluateProgram(run: Run): Promise<Json> {
  run.signal?.throwIfAborted();
  const child = start();
  const underWay = new Set<Promise<void>>();
  try {
    return await new Promise<Json>((resolve, reject) => {
      const answer: Answerer = (to, work) => {
        const settled = work.then(
          (value) => send(child, { kind: 'answer', to, value: value as Json }),
          reject,
        );
        underWay.add(settled);
        void settled.finally(() => underWay.delete(settled));
      };
      rejectOnEnd(child, run.signal, reject);
      child.on('message', (report: Report) => hear(report, run.handlers, { answer, resolve, reject }));
      const { stack, config, preview } = run;
      send(child, { kind: 'run', program: run.program.href, stack, config, preview });
    });
  } finally {
    child.removeAllListeners();
    child.kill('SIGKILL');
    await Promise.allSettled(underWay);
  }
}

/** A fresh process takes none of the flags that this one was started with (a test runner's, a debugger's). */
function start(): ChildProcess {
  const script = new URL('./child.ts', import.meta.url);
  return fork(script, { execArgv: [], stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
}

/** What can no longer be sent is of no interest: that the process has ended is heard by itself (`rejectOnEnd`). */
function send(child: ChildProcess, order: Order): void {
  child.send(order, () => {});
}

type Outcome = {
  readonly answer: Answerer;
  readonly resolve: (outputs: Json) => void;
  readonly reject: (error: unknown) => void;
};

function hear(report: Report, handlers: Handlers, { answer, resolve, reject }: Outcome): void {
  switch (report.kind) {
    case 'resource':
      answer(report.ask, handlers.resource(report.declared));
      break;
    case 'call':
      answer(report.ask, handlers.call(report.token, report.inputs));
      break;
    case 'done':
      resolve(report.outputs);
      break;
    case 'failed':
      reject(asError(report.error));
      break;
    default:
      report satisfies never;
  }
}

function rejectOnEnd(
  child: ChildProcess,
  signal: AbortSignal | undefined,
  reject: (error: unknown) => void,
): void {
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (data: Buffer) => {
      said = (said + String(data)).slice(-2000);
    });
  signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
  child.once('error', reject);
  // Not at its exit: what it said last may still be on its way.
  child.once('close', (code, killer) =>
    reject(new Error(`the process that evaluates the Pulumi program ended (${code ?? killer}): ${said}`)),
  );
}

function asError({ errorKind, code, message, hint }: Failure): Error {
  if (errorKind === undefined) return new Error(`the Pulumi program failed: ${message}`);
  return new FleetError({ kind: errorKind, code: code ?? 'program', message, ...(hint ? { hint } : {}) });
}
