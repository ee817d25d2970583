/** What a policy looks at, and how it reads inputs, which may be of any kind of resource. Pure. */
import type { Fleet } from '../../configs/fleet.ts';
import { isRecord } from '../../lib/record.ts';
import type { Declared, Json } from '../evaluate/protocol.ts';

export type Subject = {
  readonly stack: string;
  readonly fleet: Readonly<Fleet>;
  /** Whether the stack is told to refuse losing what holds calls. */
  readonly protect: boolean;
  readonly resources: readonly Declared[];
};

/** Where a policy is broken, and how: one sentence, without the resource. */
export type Finding = { readonly resource: Declared; readonly message: string };

export type Policy = {
  /** Lower-case words with dashes. */
  readonly name: string;
  /** What holds while it is kept. */
  readonly rule: string;
  readonly broken: (subject: Subject) => readonly Finding[];
};

/** Resources of a kind, e.g. `compute/firewall`. */
export function ofKind({ resources }: Subject, ...kinds: readonly string[]): readonly Declared[] {
  return resources.filter(({ type }) => kinds.some((kind) => type.startsWith(`gcp:${kind}:`)));
}

/** A finding for each message. */
export function findings(resource: Declared, messages: readonly string[]): readonly Finding[] {
  return messages.map((message) => ({ resource, message }));
}

/** The texts of a list; of anything else none. */
export function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/** The objects of a list; a single object counts as a list of one. */
export function records(value: unknown): readonly Json[] {
  return (Array.isArray(value) ? value : [value]).filter(isRecord);
}

/** The object, or an empty one. */
export function record(value: unknown): Json {
  return isRecord(value) ? value : {};
}
