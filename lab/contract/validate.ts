/** Checks JSON against a message of the contract: unknown field, wrong type, value outside an enum, missing required field. Pure. */
import type { Contract, Field } from '../contract.ts';

export type Problem = {
  /** e.g. `resource.updatePolicy.type`. */
  readonly path: string;
  readonly kind: 'unknown' | 'type' | 'enum' | 'required';
  /** GCE's sentence. */
  readonly text: string;
};

/** All problems of `value` as message `type`; `path` is the name of the whole. `null` is allowed where it clears a field. */
export function validate(contract: Contract, type: string, value: unknown, path = 'resource'): Problem[] {
  const message = contract.messages.get(type);
  if (message === undefined) return []; // google.protobuf.Any and the like carry their own type
  if (!isObject(value)) return [wrongType(path, 'object', value)];
  const problems: Problem[] = [];
  for (const [name, given] of Object.entries(value)) {
    const field = message.get(name);
    if (field === undefined) problems.push(unknownName(path, name));
    else problems.push(...validateField(contract, field, given, `${path}.${name}`));
  }
  for (const field of message.values())
    if (field.required && value[field.name] === undefined) problems.push(missing(`${path}.${field.name}`));
  return problems;
}

function validateField(contract: Contract, field: Field, value: unknown, path: string): Problem[] {
  if (value === null) return [];
  if (field.map) {
    if (!isObject(value)) return [wrongType(path, 'map', value)];
    return Object.entries(value).flatMap(([key, item]) =>
      validateOne(contract, field, item, `${path}.${key}`),
    );
  }
  if (!field.repeated) return validateOne(contract, field, value, path);
  if (!Array.isArray(value)) return [wrongType(path, 'array', value)];
  return value.flatMap((item, index) => validateOne(contract, field, item, `${path}[${index}]`));
}

function validateOne(contract: Contract, field: Field, value: unknown, path: string): Problem[] {
  const scalar = SCALARS[field.type];
  if (scalar === undefined) return validate(contract, field.type, value, path);
  if (!scalar(value)) return [wrongType(path, field.type, value)];
  if (field.values === undefined || field.values.has(String(value))) return [];
  const text = `Invalid value for field '${path}': '${String(value)}'. Acceptable values are: ${[...field.values].sort().join(', ')}`;
  return [{ path, kind: 'enum', text }];
}

const INTEGER = /^-?\d{1,20}$/;
const isInteger = (value: unknown): boolean =>
  Number.isInteger(value) || (typeof value === 'string' && INTEGER.test(value));
const isUnsigned = (value: unknown): boolean => isInteger(value) && !String(value).startsWith('-');
const is32 = (value: unknown): boolean => isInteger(value) && Math.abs(Number(value)) <= 2 ** 31;
const isNumber = (value: unknown): boolean =>
  typeof value === 'number' ||
  (typeof value === 'string' && value.trim() !== '' && !Number.isNaN(Number(value)));

/** JSON forms as proto3 JSON defines them: 64-bit integers come as strings or numbers. */
const SCALARS: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  bool: (value) => typeof value === 'boolean',
  int32: is32,
  uint32: isUnsigned,
  int64: isInteger,
  uint64: isUnsigned,
  float: isNumber,
  double: isNumber,
  any: () => true,
};

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unknownName(path: string, name: string): Problem {
  const text = `Invalid JSON payload received. Unknown name "${name}" at '${path}': Cannot find field.`;
  return { path: `${path}.${name}`, kind: 'unknown', text };
}

function wrongType(path: string, wanted: string, value: unknown): Problem {
  const text = `Invalid value for field '${path}': '${JSON.stringify(value)}'. Expected ${wanted}.`;
  return { path, kind: 'type', text };
}

function missing(path: string): Problem {
  return { path, kind: 'required', text: `Required field '${path}' not specified` };
}
