/** The process in which the Pulumi program is evaluated (here.ts): each question goes to the parent, whose answer comes back. */
import * as pulumi from '@pulumi/pulumi';
import { isFleetError, reasonOf } from '../../lib/errors.ts';
import { evaluateHere } from './here.ts';
import type { Failure, Handlers, Json, Order, Registered, Report } from './protocol.ts';

const waiting = new Map<number, (value: Json) => void>();
let asked = 0;

/** A parent that has just gone is heard of by itself (`disconnect`). */
function tell(report: Report): void {
  process.send?.(report, undefined, undefined, () => undefined);
}

/** Sends a question and resolves with its answer. */
function ask(question: (ask: number) => Report): Promise<Json> {
  const number = ++asked;
  return new Promise((resolve) => {
    waiting.set(number, resolve);
    tell(question(number));
  });
}

const handlers: Handlers = {
  resource: async (declared) =>
    (await ask((number) => ({ kind: 'resource', ask: number, declared }))) as Registered,
  call: (token, inputs) => ask((number) => ({ kind: 'call', ask: number, token, inputs })),
};

type Program = { readonly default: () => object };

async function run({ program, stack, config, preview }: Extract<Order, { kind: 'run' }>): Promise<void> {
  const declare = async () => ((await import(program)) as Program).default();
  const outputs = await evaluateHere({ program: declare, stack, config, preview, handlers });
  tell({ kind: 'done', outputs });
}

/** The program hands a mistake of the user to Pulumi as a RunError whose cause is the mistake itself. */
function failure(thrown: unknown): Failure {
  const error = thrown instanceof pulumi.RunError && isFleetError(thrown.cause) ? thrown.cause : thrown;
  if (!isFleetError(error)) return { message: reasonOf(error) };
  return { errorKind: error.kind, code: error.code, message: error.message, hint: error.hint };
}

const fail = (error: unknown): void => tell({ kind: 'failed', error: failure(error) });

process.on('unhandledRejection', fail);
process.on('disconnect', () => process.exit(0));
process.on('message', (order: Order) => {
  if (order.kind === 'run') run(order).catch(fail);
  else waiting.get(order.to)?.(order.value);
});
