/** What `lab apply` and the process in which the Pulumi program is evaluated tell each other. Plain JSON. */
import type { ErrorKind } from '../../lib/errors.ts';

export type Json = Readonly<Record<string, unknown>>;

/** A resource that the program declares, its inputs as far as they are known. */
export type Declared = {
  /** e.g. `gcp:compute/network:Network`. */
  readonly type: string;
  /** Pulumi's logical name. */
  readonly name: string;
  readonly inputs: Json;
  /** False: a component, which only groups others. */
  readonly custom: boolean;
};

/** What a resource has become: its fields as Pulumi's provider would report them. */
export type Registered = { readonly id?: string; readonly state: Json };

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
