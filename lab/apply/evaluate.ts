/**
 * The process in which the Pulumi program (infra/index.ts) is evaluated without Pulumi's engine: every resource it declares is
 * reported to the parent, whose answer becomes the resource's outputs. A process of its own, since Pulumi's mocks are global to
 * one and a resource that fails leaves its dependants hanging.
 */
import * as pulumi from '@pulumi/pulumi';
import { isFleetError, reasonOf } from '../../lib/errors.ts';
import type { Failure, Json, Order, Registered, Report } from './protocol.ts';

const waiting = new Map<number, (value: Json) => void>();
let asked = 0;

function tell(report: Report): void {
  process.send?.(report);
}

/** Sends a question and resolves with its answer. */
function ask(question: (ask: number) => Report): Promise<Json> {
  const number = ++asked;
  return new Promise((resolve) => {
    waiting.set(number, resolve);
    tell(question(number));
  });
}

/** Reports each resource; in a preview what is only known once it exists stays unknown, as in `pulumi preview`. */
const mocks: pulumi.runtime.Mocks = {
  newResource: async ({ type, name, inputs, custom }) => {
    const answer = await ask((number) => ({
      kind: 'resource',
      ask: number,
      declared: { type, name, inputs, custom: custom !== false },
    }));
    const { id, state } = answer as Registered;
    return { id, state: { ...state } };
  },
  call: async ({ token, inputs }) => ({
    ...(await ask((number) => ({ kind: 'call', ask: number, token, inputs }))),
  }),
};

type Program = { readonly default: () => object };

async function run(order: Extract<Order, { kind: 'run' }>): Promise<void> {
  const { stack, config, preview } = order;
  await pulumi.runtime.setMocks(mocks, 'rtpfleet', stack, preview);
  pulumi.runtime.setAllConfig(prefixed(config));
  const { default: program } = (await import(order.program)) as Program;
  const outputs = pulumi.output(program());
  // Also waits for resources that no output depends on.
  await pulumi.runtime.disconnect();
  tell({ kind: 'done', outputs: preview ? {} : await settled(outputs) });
}

/** `{image: 'x'}` → `{'rtpfleet:image': 'x'}`. */
function prefixed(config: Json): Record<string, string> {
  const entries = Object.entries(config).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries.map(([key, value]) => [`rtpfleet:${key}`, String(value)]));
}

function settled(outputs: pulumi.Output<unknown>): Promise<Json> {
  return new Promise((resolve) => void outputs.apply((value) => resolve(value as Json)));
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
