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

const REGIONS = ['us-central1', 'europe-west3', 'northamerica-northeast1'];

/** One to six zones, of one to three regions; the first one's is home. */
const cloud = fc
  .tuple(
    fc.shuffledSubarray(REGIONS, { minLength: 1 }),
    fc.shuffledSubarray(['a', 'b', 'c', 'd', 'e', 'f'], { minLength: 1 }),
    fc.stringMatching(/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/),
    fc.option(fc.stringMatching(/^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$/), { nil: undefined }),
  )
  .map(([regions, letters, project, bucket]) => ({
    ...{ project, region: regions[0] },
    zones: letters.map((letter, index) => `${regions[index % regions.length]}-${letter}`),
    ...(bucket === undefined ? {} : { bucket }),
  }));

/** What the schema's own words do not tell: values that fit to each other, as far as `settled` cannot make them. */
const OWN: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  name: fc.stringMatching(/^[a-z][a-z0-9-]{0,18}[a-z0-9]$/),
  cloud,
  range: fc.constantFrom('10.128.0.0/20', '10.0.0.0/12', '192.168.0.0/16'),
  perZone: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 300 })),
  machineType: fc.constantFrom('e2-micro', 'e2-standard-4', 'n2-highcpu-96', 'c4a-standard-4'),
  diskGb: fc.integer({ min: 64, max: 2048 }),
  // A managed relay is one RTPEngine.
  instances: fc.constant(1),
  ports: fc.constantFrom(
    { min: 30000, max: 40000 },
    { min: 10000, max: 10003 },
    { min: 1024, max: 9000 },
    { min: 23000, max: 60000 },
  ),
  ngPort: fc.constantFrom(22222, 22000),
  cliPort: fc.constantFrom(9900, 9999),
  httpPort: fc.constantFrom(9101, 9102),
  options: fc.constantFrom({}, { tos: 184 }, { 'recording-method': 'pcap', homer: '10.0.0.9:9060' }),
  sysctl: fc.constantFrom({}, { 'net.core.somaxconn': 1024 }),
  rtpengineCpus: fc.constantFrom('2-7', '1,3'),
  systemCpus: fc.constant('0'),
  irqCpus: fc.constant('0'),
  maxUnavailable: fc.constantFrom(1, 2, '25%'),
  timeZone: fc.constantFrom('Europe/Berlin', 'Asia/Tokyo'),
  rotateMb: fc.integer({ min: 1, max: 100 }),
  keepMb: fc.integer({ min: 200, max: 10_000 }),
};

type Section = Readonly<Record<string, unknown>>;
type File = Readonly<Record<string, Section | undefined>> & {
  readonly cloud: { readonly region: string; readonly zones: readonly string[] };
  readonly proxies?: readonly Section[];
};

/** Mends what two parts that were made apart make of each other; what is left is refused and not taken. */
function settled(made: object): object {
  const file = made as File;
  const mended: Readonly<Record<string, object | undefined>> = {
    network: network(file),
    relays: {
      ...file.relays,
      ...(isArm(file) ? { machineType: 'c4a-standard-4' } : amd64(file)),
      ...(isFloating(file) ? { perZone: perZone(file) } : {}),
    },
    rtpengine: file.rtpengine && {
      ...file.rtpengine,
      ...(isArm(file) || isFloating(file) ? { kernel: 'off' } : {}),
    },
    redis: isFloating(file) ? floatingRedis(file) : file.redis && redis(file.redis, file),
    proxies: file.proxies?.map(({ whileAway, hashTableSeconds, ...proxy }) =>
      proxy.kind === 'kamailio' ? { ...proxy, whileAway, hashTableSeconds } : proxy,
    ),
    rollout: file.rollout && rollout(file),
  };
  // As YAML: what is undefined is not there.
  return JSON.parse(JSON.stringify({ ...file, ...mended })) as object;
}

const isFloating = ({ network }: File): boolean => network?.floatingAddresses === 'internal';

/** As many as the databases of Memorystore allow, and no more than are evaluated soon. */
function perZone({ cloud, relays, redis }: File): number {
  const most = redis?.kind === 'vm' || redis?.kind === 'external' ? 9 : Math.floor(13 / cloud.zones.length);
  return Math.max(1, Math.min(most, Number(relays?.perZone ?? 1)));
}

/** Relays with floating addresses keep their calls in Redis, each in a database of its own, and speak no TLS to it. */
function floatingRedis(file: File): Section {
  const kind = file.redis?.kind === 'none' ? 'memorystore' : file.redis?.kind;
  const { tls, caFile, ...mended } = redis({ ...file.redis, ...(kind === undefined ? {} : { kind }) }, file);
  return { ...mended, database: 1, controlDatabase: 0 };
}

const isArm = ({ image }: File): boolean => image?.architecture === 'arm64';

function amd64({ relays }: File): Section {
  return relays?.machineType === 'c4a-standard-4' ? { machineType: 'e2-standard-4' } : {};
}

/** Each further region has a range of its own. */
function network({ cloud, network }: File): Section {
  const further = new Set(cloud.zones.map((zone) => zone.slice(0, -2)));
  further.delete(cloud.region);
  const ranges = [...further].map((region, index) => [region, `172.${16 + index}.0.0/16`]);
  return {
    ...network,
    ...(ranges.length === 0 ? {} : { ranges: Object.fromEntries(ranges) }),
    ...(network?.floatingAddresses === 'internal' ? { externalAddresses: 'none' } : {}),
  };
}

/** Leaves of the options for Redis those that its kind, and a fleet of so many relays, has. */
function redis({ host, secret, auth, tls, caFile, zone, ...redis }: Section, file: File): Section {
  const apart = redis.controlDatabase === redis.database ? { ...redis, controlDatabase: 15 } : redis;
  const door = relaysOf(file) > 1 ? { ...apart, tls } : apart;
  const { kind = 'memorystore' } = redis;
  if (kind === 'external')
    return { ...door, host: host ?? '10.1.2.3', secret, ...('tls' in door && tls ? { caFile } : {}) };
  const named = secret ?? 'projects/my-project/secrets/redis/versions/latest';
  // Google's Debian for amd64 is what it boots.
  const where = zone === undefined ? {} : { zone: file.cloud.zones.at(-1) };
  if (kind === 'vm') return { ...apart, ...where, secret: named, machineType: 'e2-small' };
  return kind === 'memorystore' ? { ...door, auth } : apart;
}

const relaysOf = ({ cloud, relays }: File): number => cloud.zones.length * Number(relays?.perZone ?? 1);

/** A small fleet has nothing to spare. */
function rollout(file: File): Section {
  const isSmall = file.cloud.zones.length < 3 || relaysOf(file) < 6;
  return { ...file.rollout, ...(isSmall ? { maxUnavailable: 1, reserve: 'none' } : {}) };
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
    kept.push(...fc.sample(files, { numRuns: count, seed: seed + round }).filter(isTaken));
  return kept.slice(0, count);
}

/** Every key of the schema that takes a value, as `redis.tier`. */
export function optionsOf({ properties }: Schema = schema, path: readonly string[] = []): readonly string[] {
  if (properties === undefined) return [path.join('.')];
  return Object.entries(properties).flatMap(([key, part]) => optionsOf(part, [...path, key]));
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
