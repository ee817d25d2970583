/** What a Pulumi program declares, and how the process that evaluates it and its parent speak. Plain JSON. */
import type { ErrorKind } from '../../lib/errors.ts';

export type Json = Readonly<Record<string, unknown>>;

/** Stands in the inputs of a preview where a value is only known once its resource is made. */
export const UNKNOWN = '(known once made)';

/** A resource that the program declares, its inputs as far as they are known. */
export type Declared = {
  /** e.g. `gcp:compute/network:Network`. */
  readonly type: string;
  /** Pulumi's logical name. */
  readonly name: string;
  readonly inputs: Json;
  /** Top-level inputs that hold a secret anywhere. */
  readonly secrets: readonly string[];
  /** False: a component, which only groups others. */
  readonly custom: boolean;
  /** Pulumi refuses to delete or replace it. */
  readonly protect: boolean;
  /** Names of the hooks that Pulumi asks before it changes the resource in place, and that may refuse. */
  readonly beforeUpdate: readonly string[];
  /** Inputs that Pulumi gives a resource when it makes it, and leaves as they are then. */
  readonly ignoreChanges: readonly string[];
  /** Stays in the cloud when the stack no longer has it. */
  readonly retainOnDelete: boolean;
  /** `<type> <name>` of what it is a part of; absent: the stack itself. */
  readonly parent?: string;
  /** `<type> <name>` of what has to be there first. */
  readonly dependsOn: readonly string[];
};

/** What a resource has become: its fields as Pulumi's provider would report them. */
export type Registered = { readonly id?: string; readonly state: Json };

/** Answers what the program asks of the cloud. */
export type Handlers = {
  readonly resource: (declared: Declared) => Promise<Registered>;
  /** A data source, e.g. `gcp:compute/getInstance:getInstance`. */
  readonly call: (token: string, inputs: Json) => Promise<Json>;
};

/** To the evaluating process. */
export type Order =
  | {
      readonly kind: 'run';
      /** URL of the program's module. */
      readonly program: string;
      readonly stack: string;
      readonly config: Json;
      readonly preview: boolean;
    }
  | { readonly kind: 'answer'; readonly to: number; readonly value: Json };

/** From it. `ask` is answered with the same number. */
export type Report =
  | { readonly kind: 'resource'; readonly ask: number; readonly declared: Declared }
  | { readonly kind: 'call'; readonly ask: number; readonly token: string; readonly inputs: Json }
  | { readonly kind: 'done'; readonly outputs: Json }
  | { readonly kind: 'failed'; readonly error: Failure };

export type Failure = {
  /** Absent: not an error that rtpfleet raised on purpose. */
  readonly errorKind?: ErrorKind;
  readonly code?: string;
  readonly message: string;
  readonly hint?: string | undefined;
};
