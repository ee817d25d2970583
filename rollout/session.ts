/** What every command opens first: the fleet file, the cloud, the relays. */
import { hostname, userInfo } from 'node:os';
import process from 'node:process';
import type { Fleet as FleetFile } from '../configs/fleet.ts';
import { copiesDatabase, hasFloatingAddresses } from '../configs/floating.ts';
import { refuseSeveral } from '../configs/instances.ts';
import { loadFleet } from '../configs/load.ts';
import { FleetError, isFleetError } from '../lib/errors.ts';
import { connectGce, type Gce } from '../lib/gce.ts';
import { readSecret, type SecretOptions } from '../lib/secrets.ts';
import { wallClock } from './adapters/clock.ts';
import { type GceFleet, gceFleet, type TemplateRedis } from './adapters/gce.ts';
import type { ControlPlace } from './adapters/lock.ts';
import { proxiesOf } from './adapters/proxies.ts';
import { type RedisPlace, redisPlace } from './adapters/redis.ts';
import { redisTls } from './adapters/redis-trust.ts';
import { type RelayDoor, relayDoor } from './adapters/relay.ts';
import type { Policy } from './core/policy.ts';
import { createObserver, type Observer } from './observe.ts';
import type { Clock, Moves, Proxies } from './ports.ts';

/** Options that every command has. */
export type FleetOptions = { readonly fleet?: string; readonly endpoint?: string };

export type Session = {
  readonly file: FleetFile;
  readonly endpoint: string | undefined;
  readonly cloud: GceFleet;
  readonly relays: RelayDoor;
  readonly proxies: Proxies;
  /** Absent: the fleet has no floating addresses. */
  readonly moves?: Moves;
  readonly clock: Clock;
  /** user@host */
  readonly by: string;
  readonly close: () => Promise<void>;
};

type Placed = Pick<Session, 'file' | 'endpoint' | 'cloud'>;

/** Opens the fleet that the options, the environment or the default name. */
async function openSession(options: FleetOptions): Promise<Session> {
  const file = loadFleet(options.fleet ?? (process.env.RTPFLEET_FLEET || 'configs/fleets/lab.yaml'));
  refuseSeveral(file, 'a relay of a managed fleet');
  const endpoint = endpointOf(options.endpoint ?? process.env.RTPFLEET_ENDPOINT);
  const gce = await connectGce({ project: file.cloud.project, endpoint }).catch(explainEndpoint);
  if (endpoint !== undefined) await checkEndpoint(gce, endpoint, file);
  const relays = relayDoor(file);
  const cloud = gceFleet(gce, file.name, hasFloatingAddresses(file));
  const moves = hasFloatingAddresses(file)
    ? await movesOf({ file, endpoint, cloud }, gce, relays)
    : undefined;
  return {
    file,
    endpoint,
    cloud,
    relays,
    proxies: proxiesOf(file),
    ...(moves === undefined ? {} : { moves }),
    clock: wallClock,
    by: `${userInfo().username}@${hostname()}`,
    close: async () => {
      moves?.close();
      relays.close();
      await gce.close();
    },
  };
}

/** What it needs is loaded only for fleets whose calls move. */
async function movesOf(session: Placed, gce: Gce, { open }: RelayDoor) {
  const { openMoves } = await import('./adapters/moves.ts');
  const redis = async () => {
    const place = (await controlPlace(session)).redis;
    if (place === undefined) throw noRedis(session.file);
    return place;
  };
  return openMoves({ gce, open, redis, through: copiesDatabase(session.file), clock: wallClock });
}

function noRedis({ name }: FleetFile): FleetError {
  return new FleetError({
    kind: 'retry',
    code: 'no-redis',
    message: `The template of fleet ${name} names no Redis, so no call can be moved.`,
  });
}

/** Opens a session for `act` and closes it whatever happens. */
export async function withSession<T>(
  options: FleetOptions,
  act: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await openSession(options);
  try {
    return await act(session);
  } finally {
    await session.close();
  }
}

/** Where rollouts of this fleet keep what they share: the relays' own Redis, as the first zone's template names it, in
 * the database for control. */
export async function controlPlace({ file, endpoint, cloud }: Placed): Promise<ControlPlace> {
  const [zone] = file.cloud.zones;
  const { project } = file.cloud;
  const found = file.redis.kind === 'none' || zone === undefined ? undefined : await cloud.redis(zone);
  const redis = found && (await reachable(file, found, { project, endpoint }));
  return { fleet: file.name, project, endpoint, redis };
}

async function reachable(
  file: FleetFile,
  found: TemplateRedis,
  options: SecretOptions,
): Promise<RedisPlace | undefined> {
  const place = redisPlace(found.at, file.redis.controlDatabase);
  if (place === undefined) return undefined;
  const password = found.secret && (await readSecret(found.secret, options));
  const tls = await redisTls(file, found, options);
  return { ...place, ...(password === undefined ? {} : { password }), ...(tls === undefined ? {} : { tls }) };
}

/** What a command by hand or a look needs: an observer of the fleet with its policy. */
export function observerOf({ file, cloud, relays, moves, clock }: Session, policy: Policy): Observer {
  const door = moves === undefined ? {} : { moves };
  return createObserver(
    { cloud, relays, ...door, clock },
    { name: file.name, zones: file.cloud.zones, policy },
  );
}

function endpointOf(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol)) return text;
  throw new FleetError({
    kind: 'usage',
    code: 'endpoint',
    message: `${JSON.stringify(text)} is no endpoint`,
    hint: 'Write it as a URL, for example http://127.0.0.1:8911.',
  });
}

/** Asked once with little patience: an endpoint that is not there is a mistake, not a passing trouble. */
async function checkEndpoint(gce: Gce, endpoint: string, { cloud }: FleetFile): Promise<void> {
  const [zone = ''] = cloud.zones;
  try {
    await gce.call('zones', 'get', { zone }, { withinMs: 3_000, attemptMs: 3_000 });
  } catch (error) {
    await gce.close();
    if (!isFleetError(error) || error.kind !== 'retry') throw error;
    throw new FleetError({
      kind: 'stop',
      code: 'endpoint-silent',
      message: `The endpoint ${endpoint} does not answer.`,
      hint: 'Start the lab, or name its present endpoint (lab env prints it).',
      cause: error,
    });
  }
}

/** Without an endpoint Google is meant; whoever meant a lab has no credentials there. */
function explainEndpoint(error: unknown): never {
  if (!isFleetError(error) || error.code !== 'gce-denied') throw error;
  throw new FleetError({
    kind: 'usage',
    code: 'no-credentials',
    message: error.message,
    hint: `${error.hint ?? ''} For a lab, name its endpoint: --endpoint URL or RTPFLEET_ENDPOINT (lab env prints it).`,
    cause: error,
  });
}
