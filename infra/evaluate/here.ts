/**
 * Evaluates a Pulumi program without Pulumi's engine, in this process: what it declares is reported, and the answer becomes the
 * resource's outputs. Pulumi's mocks are global to a process, so one evaluation at a time; a resource that fails leaves its dependants
 * hanging, so what may fail belongs into a process of its own (program.ts).
 */
import * as pulumi from '@pulumi/pulumi';
import type { MockResourceArgs } from '@pulumi/pulumi/runtime/mocks.js';
import { isRpcSecret, unwrapRpcSecret } from '@pulumi/pulumi/runtime/rpc.js';
import { type Declared, type Handlers, type Json, UNKNOWN } from './protocol.ts';

export type Evaluation = {
  /** Declares everything and returns the outputs; called once the mocks are in place. */
  readonly program: () => object | Promise<object>;
  readonly stack: string;
  /** Settings of the stack, without their `rtpfleet:`. */
  readonly config: Json;
  /** What is only known once it exists stays unknown, as in `pulumi preview`. */
  readonly preview: boolean;
  readonly handlers: Handlers;
};

/** Resolves with the stack's outputs (none in a preview) once every resource was declared. */
export async function evaluateHere({ program, stack, config, preview, handlers }: Evaluation): Promise<Json> {
  const options = { of: (_type: string, _name: string): Options => UNSAID };
  await pulumi.runtime.setMocks(mocksOf(handlers, options), 'rtpfleet', stack, preview);
  options.of = watchOptions();
  pulumi.runtime.setAllConfig(prefixed(config));
  const outputs = pulumi.output(await program());
  // Also waits for resources that no output depends on.
  await pulumi.runtime.disconnect();
  return preview ? {} : await settled(outputs);
}

type Options = Pick<
  Declared,
  'protect' | 'beforeUpdate' | 'ignoreChanges' | 'retainOnDelete' | 'parent' | 'dependsOn'
>;

const UNSAID: Options = {
  protect: false,
  beforeUpdate: [],
  ignoreChanges: [],
  retainOnDelete: false,
  dependsOn: [],
};

function mocksOf(
  handlers: Handlers,
  options: { readonly of: (type: string, name: string) => Options },
): pulumi.runtime.Mocks {
  return {
    newResource: async ({ type, name, inputs, custom }: MockResourceArgs) => {
      const known = plain(inputs) as Json;
      const secrets = Object.keys(inputs).filter((key) => isRpcSecret(inputs[key]));
      const declared = { type, name, inputs: known, secrets, custom: custom !== false };
      const { id, state } = await handlers.resource({ ...declared, ...options.of(type, name) });
      return { id, state: outputsOf(state, secrets) };
    },
    call: async ({ token, inputs }) => ({ ...(await handlers.call(token, plain(inputs) as Json)) }),
  };
}

/** Without Pulumi's wrappers: secrets as their value, unknown values as UNKNOWN. */
function plain(value: unknown): unknown {
  if (pulumi.isUnknown(value)) return UNKNOWN;
  if (isRpcSecret(value)) return plain(unwrapRpcSecret(value));
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

/** What is unknown anywhere is left out, which is unknown to the program; what was secret stays it. */
function outputsOf(state: Json, secrets: readonly string[]): Record<string, unknown> {
  const known = Object.entries(state).filter(([, value]) => !JSON.stringify(value ?? null).includes(UNKNOWN));
  return Object.fromEntries(
    known.map(([key, value]) => [key, secrets.includes(key) ? pulumi.secret(value) : value]),
  );
}

type Request = {
  readonly getType: () => string;
  readonly getName: () => string;
  readonly getProtect: () => boolean | undefined;
  readonly getRetainondelete: () => boolean | undefined;
  readonly getIgnorechangesList: () => readonly string[];
  readonly getParent: () => string;
  readonly getDependenciesList: () => readonly string[];
  readonly getHooks: () => { readonly getBeforeUpdateList: () => readonly string[] } | undefined;
};
type Monitor = {
  registerResource: (request: Request, ...rest: readonly unknown[]) => unknown;
  registerResourceHook?: (hook: unknown, done: (error: null, answer: object) => void) => void;
};

/** Options of a resource reach the engine, not the mocks: they are read where the request passes. */
function watchOptions(): (type: string, name: string) => Options {
  const seen = new Map<string, Options>();
  const monitor = pulumi.runtime.getMonitor() as unknown as Monitor;
  const register = monitor.registerResource.bind(monitor);
  // Pulumi's mocks know no hooks. Who binds which is told; calling them is the engine's business.
  monitor.registerResourceHook = (_hook, done) => done(null, {});
  monitor.registerResource = (request, ...rest) => {
    const parent = labelOf(request.getParent());
    seen.set(`${request.getType()} ${request.getName()}`, {
      protect: request.getProtect() === true,
      beforeUpdate: request.getHooks()?.getBeforeUpdateList() ?? [],
      ignoreChanges: request.getIgnorechangesList(),
      retainOnDelete: request.getRetainondelete() === true,
      ...(parent === undefined ? {} : { parent }),
      dependsOn: [...new Set(request.getDependenciesList().flatMap((urn) => labelOf(urn) ?? []))].sort(),
    });
    return register(request, ...rest);
  };
  return (type, name) => seen.get(`${type} ${name}`) ?? UNSAID;
}

/** `urn:pulumi:prod::rtpfleet::a$b::network` → `b network`; undefined: none, or the stack. */
function labelOf(urn: string): string | undefined {
  const [, , types = '', name] = urn.split('::');
  const type = types.split('$').at(-1);
  return name === undefined || type === 'pulumi:pulumi:Stack' ? undefined : `${type} ${name}`;
}

/** `{image: 'x'}` → `{'rtpfleet:image': 'x'}`. */
function prefixed(config: Json): Record<string, string> {
  const entries = Object.entries(config).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries.map(([key, value]) => [`rtpfleet:${key}`, String(value)]));
}

function settled(outputs: pulumi.Output<unknown>): Promise<Json> {
  return new Promise((resolve) => void outputs.apply((value) => resolve(value as Json)));
}
