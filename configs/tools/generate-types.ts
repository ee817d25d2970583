/**
 * Writes `configs/fleet.ts` from the fleet schema, so that the type and the check cannot disagree.
 * A property with a default is never absent once a file is loaded, hence required in the type.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { compile, type JSONSchema } from 'json-schema-to-typescript';

type Node = { [key: string]: unknown };

const schemaFile = new URL('../schemas/fleet.schema.json', import.meta.url);
const typesFile = new URL('../fleet.ts', import.meta.url);

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The schema of a loaded fleet: what has a default is required. */
export function asLoaded(schema: Node): Node {
  const properties = isNode(schema.properties) ? schema.properties : undefined;
  if (properties === undefined) return schema;
  const loaded: Node = {};
  const required = new Set(Array.isArray(schema.required) ? schema.required.map(String) : []);
  for (const [name, property] of Object.entries(properties)) {
    if (!isNode(property)) continue;
    if ('default' in property) required.add(name);
    loaded[name] = asLoaded(property);
  }
  return { ...schema, properties: loaded, required: [...required] };
}

/** The text of `configs/fleet.ts`. */
export async function fleetTypes(): Promise<string> {
  const schema: unknown = JSON.parse(await readFile(schemaFile, 'utf8'));
  if (!isNode(schema)) throw new TypeError('the fleet schema is not an object');
  return compile(asLoaded(schema) as JSONSchema, 'Fleet', {
    bannerComment:
      '/** Generated from schemas/fleet.schema.json by `pnpm types`; change the schema instead. */',
    style: { singleQuote: true, printWidth: 110 },
    ignoreMinAndMaxItems: true,
  });
}

if (import.meta.main) await writeFile(typesFile, await fleetTypes());
