/** Fleet files of every form that the schema allows, made from the schema itself, so that an option that comes later is in them too. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { parseFleet } from '../../configs/load.ts';
import { isFleetError } from '../../lib/errors.ts';

type Schema = {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly format?: string;
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly minItems?: number;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly multipleOf?: number;
  readonly minLength?: number;
};

const schema = JSON.parse(readFileSync('configs/schemas/fleet.schema.json', 'utf8')) as Schema;

const cidr = fc
  .tuple(fc.integer({ min: 1, max: 223 }), fc.integer({ min: 0, max: 255 }))
  .map(([a, b]) => `${a}.${b}.0.0/16`);

/** What the schema's own words do not tell: values that fit to each other. */
const OWN: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  name: fc.stringMatching(/^[a-z][a-z0-9-]{0,18}[a-z0-9]$/),
  cloud: fc
    .tuple(
      fc.constantFrom('us-central1', 'europe-west3', 'northamerica-northeast1'),
      fc.shuffledSubarray(['a', 'b', 'c', 'd', 'e', 'f'], { minLength: 1, maxLength: 6 }),
      fc.stringMatching(/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/),
    )
    .map(([region, letters, project]) => ({
      ...{ project, region },
      zones: letters.map((letter) => `${region}-${letter}`),
    })),
  range: fc.constantFrom('10.128.0.0/20', '10.0.0.0/8', '192.168.0.0/16'),
  perZone: fc.integer({ min: 1, max: 300 }),
  ports: fc.constantFrom({ min: 30000, max: 40000 }, { min: 10000, max: 10003 }, { min: 1024, max: 65535 }),
  ngPort: fc.constantFrom(900, 901),
  cliPort: fc.constant(902),
  httpPort: fc.constant(903),
  maxUnavailable: fc.constant(1),
  reserve: fc.constant('none'),
  timeZone: fc.constant('Europe/Berlin'),
  rtpengineCpus: fc.constant('2-7'),
  systemCpus: fc.constant('0-1'),
  irqCpus: fc.constant('0'),
  isolateCpus: fc.constant(false),
  // None of the stack's business: what is in an image.
  image: fc.constant({ version: 'mr12.5.1.31' }),
  logs: fc.constant({}),
  options: fc.constant({}),
};

type Redis = {
  kind?: string;
  host?: string;
  secret?: string;
  auth?: boolean;
  tls?: boolean;
  caFile?: string;
};

/** Leaves of the options for Redis those that its kind has. */
function settled<T extends object>(file: T & { readonly redis?: Redis }): T {
  if (file.redis === undefined) return file;
  const { host = '10.1.2.3', secret, auth, tls, caFile, ...redis } = file.redis;
  const door = tls === undefined ? {} : { tls };
  const trust = caFile === undefined || !tls ? {} : { caFile };
  const external = { ...redis, host, ...door, ...trust, ...(secret === undefined ? {} : { secret }) };
  const memorystore = { ...redis, ...door, ...(auth === undefined ? {} : { auth }) };
  const { kind = 'memorystore' } = redis;
  return { ...file, redis: kind === 'external' ? external : kind === 'memorystore' ? memorystore : redis };
}

/** A value of the schema; parts that are not required are there or not. */
function anyOf(part: Schema, key = ''): fc.Arbitrary<unknown> {
  const own = OWN[key];
  if (own !== undefined) return own;
  if (part.enum !== undefined) return fc.constantFrom(...part.enum);
  if (part.format === 'ipv4-cidr') return cidr;
  if (Array.isArray(part.type)) return fc.oneof(...part.type.map((type) => anyOf({ ...part, type }, key)));
  switch (part.type) {
    case 'object':
      return objectOf(part);
    case 'array':
      return fc.uniqueArray(anyOf(part.items ?? {}), { minLength: part.minItems ?? 0, maxLength: 4 });
    case 'boolean':
      return fc.boolean();
    case 'integer':
      return wholeNumber(part);
    case 'number':
      return fc.integer({
        min: Math.ceil(part.exclusiveMinimum ?? part.minimum ?? 1),
        max: part.maximum ?? 50,
      });
    case 'string':
      return fc.stringMatching(new RegExp(part.pattern ?? '^[a-z]{1,9}$'), { size: 'small' });
    default:
      throw new Error(`no value for ${key}: ${JSON.stringify(part)}`);
  }
}

function wholeNumber({ minimum = 0, maximum = minimum + 100_000, multipleOf = 1 }: Schema) {
  const some = fc.integer({ min: Math.ceil(minimum / multipleOf), max: Math.floor(maximum / multipleOf) });
  return fc.oneof(
    fc.constantFrom(minimum, maximum - (maximum % multipleOf)),
    some.map((one) => one * multipleOf),
  );
}

function objectOf({ properties = {}, required = [] }: Schema): fc.Arbitrary<object> {
  const parts = Object.entries(properties).map(([key, part]) => [key, anyOf(part, key)] as const);
  return fc.record(Object.fromEntries(parts), { requiredKeys: [...required] });
}

/** So many fleet files that `configs/load.ts` takes; the same for the same seed. */
export function sampleFleets(count: number, seed: number): readonly object[] {
  const kept: object[] = [];
  const files = objectOf(schema).map(settled);
  for (let round = 0; kept.length < count; round += 1)
    kept.push(...fc.sample(files, { numRuns: 4 * count, seed: seed + round }).filter(isTaken));
  return kept.slice(0, count);
}

function isTaken(file: object): boolean {
  try {
    parseFleet(stringify(file), 'fleet.yaml');
    return true;
  } catch (error) {
    if (isFleetError(error)) return false;
    throw error;
  }
}
