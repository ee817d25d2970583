/**
 * All that the lab knows, in one JSON file. It is written before a mutation is answered (atomically: new file, then
 * rename), so that a lab that is killed goes on from what its clients were told.
 */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { FleetError } from '../lib/errors.ts';
import type { GroupRecord } from './groups/types.ts';
import type {
  Address,
  Firewall,
  ForwardingRule,
  HealthCheck,
  Image,
  Instance,
  InstanceTemplate,
  Json,
  Link,
  Metadata,
  Network,
  Operation,
  Router,
  Subnetwork,
  TargetInstance,
} from './types.ts';

/** Resources of one kind by canonical link. */
export type Table<T> = Record<Link, T>;
export type Entry<T> = { resource: T };

export type ImageRecord = Entry<Image> & {
  /** Deleted while machines still run from it: the disk goes with the last of them. */
  deleted?: boolean;
};

export type InstanceRecord = Entry<Instance> & {
  /** Id of the image its boot disk was made from. */
  imageId: string;
  /** The group that manages it. */
  group?: Link;
  guestAttributes: Record<string, string>;
};

/** What an operation still has to do; data, so that it is taken up after a restart. Each kind may be carried out twice. */
export type Work =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'remove'; readonly table: SimpleTable; readonly link: Link }
  | { readonly kind: 'deliver' }
  | { readonly kind: 'set-target'; readonly link: Link; readonly target: Link }
  | { readonly kind: 'import-image'; readonly link: Link }
  | { readonly kind: 'remove-image'; readonly link: Link }
  | { readonly kind: 'start-instance'; readonly link: Link; readonly id: string }
  | { readonly kind: 'stop-instance'; readonly link: Link; readonly id: string }
  | { readonly kind: 'reset-instance'; readonly link: Link; readonly id: string }
  | { readonly kind: 'delete-instance'; readonly link: Link; readonly id: string }
  | { readonly kind: 'delete-group'; readonly link: Link };

export type OperationRecord = Entry<Operation> & {
  work: Work;
  /** Asked for by a fault: takes longer, or fails with this error. */
  fault?: { readonly delayMs?: number; readonly code?: string; readonly message?: string };
};

export type Tables = {
  networks: Table<Entry<Network>>;
  subnetworks: Table<Entry<Subnetwork>>;
  firewalls: Table<Entry<Firewall>>;
  routers: Table<Entry<Router>>;
  addresses: Table<Entry<Address>>;
  forwardingRules: Table<Entry<ForwardingRule>>;
  targetInstances: Table<Entry<TargetInstance>>;
  healthChecks: Table<Entry<HealthCheck>>;
  instanceTemplates: Table<Entry<InstanceTemplate>>;
  images: Table<ImageRecord>;
  instances: Table<InstanceRecord>;
  instanceGroupManagers: Table<GroupRecord>;
};

/** Kinds that no machine runs behind: an insert stores them, a delete forgets them. */
export type SimpleTable =
  | 'networks'
  | 'subnetworks'
  | 'firewalls'
  | 'routers'
  | 'addresses'
  | 'forwardingRules'
  | 'targetInstances'
  | 'healthChecks'
  | 'instanceTemplates';

export type ObjectRecord = { readonly metadata: Json; readonly file: string };

/** A secret of Secret Manager; data are base64, as the API has them. */
export type SecretRecord = {
  readonly resource: Json;
  readonly versions: { readonly resource: Json; readonly data: string }[];
  policy: Json;
};

/** What stands for a machine with Redis (redis-machines.ts). */
export type RedisMachineRecord = {
  readonly zone: string;
  /** Reserved, in the lab's range. */
  readonly address: string;
  /** `projects/…/secrets/…/versions/…` */
  readonly secret: string;
};

export type State = {
  readonly format: 1;
  readonly project: string;
  /** Counts every id that was given out. */
  serial: number;
  /** Host number in the range that was given out last: addresses are handed round, not reused at once. */
  lastHost: number;
  commonMetadata: Metadata;
  tables: Tables;
  /** Operations by name. */
  operations: Record<string, OperationRecord>;
  /** Operation by `<method> <path> <requestId>`. */
  requests: Record<string, string>;
  buckets: Record<string, Json>;
  /** By `<bucket>/<object>`. */
  objects: Record<string, ObjectRecord>;
  /** Memorystore instances, and operations on them, by name. */
  redis: Record<string, Json>;
  redisOperations: Record<string, Json>;
  /** Passwords of Memorystore instances, by name; absent in labs that are older than passwords. */
  redisPasswords?: Record<string, string>;
  /** What stands for machines with Redis, by name; absent in labs that are older. */
  redisMachines?: Record<string, RedisMachineRecord>;
  /** By id; absent in labs that are older than secrets. */
  secrets?: Record<string, SecretRecord>;
};

export function emptyState(project: string): State {
  return {
    format: 1,
    project,
    serial: 0,
    lastHost: 0,
    commonMetadata: { kind: 'compute#metadata', fingerprint: '', items: [] },
    tables: {
      networks: {},
      subnetworks: {},
      firewalls: {},
      routers: {},
      addresses: {},
      forwardingRules: {},
      targetInstances: {},
      healthChecks: {},
      instanceTemplates: {},
      images: {},
      instances: {},
      instanceGroupManagers: {},
    },
    operations: {},
    requests: {},
    buckets: {},
    objects: {},
    redis: {},
    redisOperations: {},
  };
}

export type Store = {
  readonly state: State;
  /** The state differs from the file; it is written soon. */
  readonly changed: () => void;
  /** Resolves when all changes so far are in the file. */
  readonly saved: () => Promise<void>;
  /** Writes a last time; what still runs of this lab changes the file no more. */
  readonly close: () => Promise<void>;
};

/** Opens the state of a folder, or begins an empty one. Rejects with code `lab-state` when the file is damaged or of another project. */
export async function openStore(file: string, project: string): Promise<Store> {
  await mkdir(dirname(file), { recursive: true });
  const state = await readState(file, project);
  let closed = false;
  let version = 0;
  let written = 0;
  let scheduled = false;
  let writing: Promise<void> | undefined;

  const write = async (): Promise<void> => {
    const now = version;
    await writeFile(`${file}.new`, JSON.stringify(state));
    await rename(`${file}.new`, file);
    written = now;
  };
  // Waits for what has changed until now, not for what changes meanwhile: a busy lab would never answer.
  const saved = async (): Promise<void> => {
    const wanted = version;
    while (written < wanted) {
      writing ??= write().finally(() => {
        writing = undefined;
      });
      await writing;
    }
  };
  const changed = (): void => {
    if (closed) return;
    version += 1;
    if (scheduled) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      void saved().catch(() => undefined); // a full disk: the next mutation is told
    });
  };
  const close = async (): Promise<void> => {
    changed();
    closed = true;
    await saved();
  };
  return { state, changed, saved, close };
}

async function readState(file: string, project: string): Promise<State> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return emptyState(project);
    throw error;
  }
  const state = parseState(text);
  if (state === undefined) throw unusable(`${file} is damaged.`);
  if (state.project !== project)
    throw unusable(`${file} belongs to project ${state.project}, not ${project}.`);
  return state;
}

function parseState(text: string): State | undefined {
  try {
    const state = JSON.parse(text) as State;
    if (state.format !== 1) return undefined;
    // Labs that are older than a kind of resource have no table of it.
    return { ...state, tables: { ...emptyState(state.project).tables, ...state.tables } };
  } catch {
    return undefined;
  }
}

function unusable(message: string): FleetError {
  const hint = 'Take the lab down first (`pnpm lab down`), or use another folder.';
  return new FleetError({ kind: 'usage', code: 'lab-state', message, hint });
}
