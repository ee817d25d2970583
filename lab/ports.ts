/**
 * What the GCE endpoint of the lab needs from the machine it runs on, as types only.
 * `lab/server.ts` and `lab/resources/*` speak GCE and know no process or mount; `lab/machines/*` knows
 * systemd-nspawn, overlayfs, bridges and loop devices, and no GCE. `lab/daemon.ts` puts the two together.
 */

/** A machine to start. One per GCE instance id: a re-created instance has the same name but another id. */
export type MachineSpec = {
  /** Numeric GCE instance id, as a decimal string. */
  readonly id: string;
  /** Instance name, unique in its zone; becomes the host name. */
  readonly name: string;
  readonly zone: string;
  /** IPv4 address on the lab's network; its hardware address derives from it, as on GCE (42:01:…). */
  readonly address: string;
  /** Id of the image that its boot disk was made from, as given to `Images.importDisk`. */
  readonly imageId: string;
};

/** How a machine ended, or that it runs. `unknown` = the lab cannot tell, which is not `stopped`. */
export type MachineState = 'running' | 'stopped' | 'unknown';

export type Machines = {
  /** Starts the machine; resolves once its init runs (not: once its services are up). Rejects with a FleetError. */
  readonly boot: (spec: MachineSpec) => Promise<void>;
  /** Orderly power-off, killed after `graceMs`. Resolves when nothing of it runs. Idempotent. */
  readonly stop: (id: string, graceMs: number) => Promise<void>;
  /** Stops (hard) and removes disk, namespace and mounts. Idempotent. */
  readonly destroy: (id: string) => Promise<void>;
  readonly state: (id: string) => Promise<MachineState>;
  /** What the serial port printed from byte `start` on (GCE: getSerialPortOutput). */
  readonly console: (
    id: string,
    start: number,
  ) => Promise<{ readonly contents: string; readonly next: number }>;
};

export type DiskFacts = { readonly diskSizeGb: number; readonly archiveSizeBytes: number };

export type Images = {
  /** Unpacks `disk.raw` of a tar.gz (GCE's import format), finds its root partition, mounts it read-only.
   * Rejects with code `image-format` and a sentence when it is not what GCE would import. */
  readonly importDisk: (imageId: string, tarGz: string) => Promise<DiskFacts>;
  /** Unmounts and deletes. Rejects with code `image-in-use` while a machine uses it. Idempotent. */
  readonly remove: (imageId: string) => Promise<void>;
};

export type RedisWish = {
  /** Memorystore's `redisConfigs`, e.g. `{'notify-keyspace-events': 'KEA'}`. */
  readonly config?: Readonly<Record<string, string>>;
  /** Asked of every client; absent: none. */
  readonly password?: string | undefined;
  /** It speaks TLS, and nothing else. */
  readonly tls?: boolean;
  /** Address that it must have, free in the lab's range; absent: one of those that the lab keeps for itself. */
  readonly host?: string;
};

export type RedisAddress = {
  readonly host: string;
  readonly port: number;
  /** PEM of the authority that is its own; absent: it speaks no TLS. */
  readonly authority?: string;
};

/** A managed Redis (Memorystore in GCE's words): a real redis-server at its own address. */
export type RedisServers = {
  /** A running one is left as it is. */
  readonly start: (name: string, wanted?: RedisWish) => Promise<RedisAddress>;
  readonly stop: (name: string) => Promise<void>;
};

/** What the metadata server tells the machine that asks from `address`, in GCE's `computeMetadata/v1` shape. */
export type MetadataTree = { readonly [key: string]: MetadataValue };
export type MetadataValue = string | number | boolean | MetadataTree | readonly MetadataValue[];

/** What an API of Google's answers to a machine. */
export type ApiAnswer = { readonly status: number; readonly json: unknown };

/** The GCE side, as the metadata server sees it. */
export type MetadataSource = {
  /** The `instance` + `project` tree of the machine at this address; undefined: no such machine (404). */
  readonly tree: (address: string) => MetadataTree | undefined;
  /** A guest attribute that the machine wrote; rejected (false) unless `enable-guest-attributes` is TRUE. */
  readonly putGuestAttribute: (address: string, namespace: string, key: string, value: string) => boolean;
  /** A token of the account (its e-mail, or `default`) of the machine at this address; undefined: it has no such account. Absent: none are issued. */
  readonly token?: (address: string, account: string) => MetadataTree | undefined;
  /** Google's APIs that a machine may ask, which the lab serves beside the metadata; undefined: not a path of any. */
  readonly api?: (method: string, path: string, authorization: string | undefined) => ApiAnswer | undefined;
  /** Calls `wake` on every change of metadata until the returned function is called. */
  readonly onChange: (wake: () => void) => () => void;
};

/** The address range of the lab's network and who has which address. */
export type LabNetwork = {
  /** e.g. `10.77.12.0/24`; derives from the lab's folder so that two labs never meet. */
  readonly range: string;
  /** First address: bridge, DNS, DHCP and the end of the default route. */
  readonly gateway: string;
  /** Addresses that the lab keeps for itself (gateway, Redis); instances get others. */
  readonly reserved: readonly string[];
  /** These addresses, and no others, are delivered from the host to a machine: floating address → address of the machine. */
  readonly deliver: (addresses: ReadonlyMap<string, string>) => Promise<void>;
};
