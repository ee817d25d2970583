/** Turns what ajv says into one sentence that names the key, the value and the way out. Pure. */
import type { ErrorObject } from 'ajv';
import { nearest } from '../lib/nearest.ts';
import type { Problem } from './load.ts';

export function wordProblem(error: ErrorObject): Problem {
  const path = error.instancePath.split('/').slice(1).map(unescapePointer);
  const place = path.length === 0 ? 'the file' : path.join('.');
  const value = JSON.stringify(error.data);
  switch (error.keyword) {
    case 'additionalProperties': {
      const key = String(error.params.additionalProperty);
      const known = Object.keys((error.parentSchema?.properties as object | undefined) ?? {});
      const like = nearest(key, known);
      const way = like === undefined ? `known here: ${known.join(', ')}` : `did you mean ${like}?`;
      return { path: [...path, key], message: `${[...path, key].join('.')}: unknown key; ${way}` };
    }
    case 'required': {
      const key = String(error.params.missingProperty);
      return { path, message: `${[...path, key].join('.')}: is missing; ${descriptionOf(error, key)}` };
    }
    case 'enum': {
      const allowed = (error.params.allowedValues as readonly unknown[]).join(', ');
      return { path, message: `${place}: ${value} is none of ${allowed}` };
    }
    case 'pattern':
    case 'format':
      return { path, message: `${place}: ${value} does not fit: ${ownDescription(error)}` };
    case 'type':
      return { path, message: `${place}: ${value} should be ${article(String(error.params.type))}` };
    default:
      return { path, message: `${place}: ${value} ${error.message ?? 'is not valid'}` };
  }
}

function descriptionOf(error: ErrorObject, key: string): string {
  const properties = error.parentSchema?.properties as Record<string, { description?: string }> | undefined;
  return properties?.[key]?.description ?? 'it is required';
}

/** What the schema says of the value itself, with the pattern for who wants it exactly. */
function ownDescription(error: ErrorObject): string {
  const schema = error.parentSchema as { description?: string; pattern?: string } | undefined;
  const rule = schema?.pattern === undefined ? String(error.params.format ?? '') : schema.pattern;
  return [schema?.description, `(${rule})`].filter(Boolean).join(' ');
}

function article(type: string): string {
  return /^[aeio]/.test(type) ? `an ${type}` : `a ${type}`;
}

function unescapePointer(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}
