/** Fakes of the lab's ports (lab/ports.ts) in memory, for tests of its GCE endpoint without root and without machines. */

import { readFile } from 'node:fs/promises';
import type {
  Images,
  LabNetwork,
  MachineSpec,
  MachineState,
  Machines,
  RedisServers,
  RedisWish,
} from '../../lab/ports.ts';
import { FleetError } from '../../lib/errors.ts';

export type FakeMachines = Machines & {
  /** Machines that were booted and not destroyed, by id. */
  readonly known: ReadonlyMap<string, { readonly spec: MachineSpec; readonly state: MachineState }>;
  /** What was done, e.g. `boot relay-1`, `stop relay-1`, `destroy relay-1`. */
  readonly log: readonly string[];
  /** Machines that were booted beside one of the same name or address. */
  readonly violations: readonly string[];
  /** Every address that a name ever had. */
  readonly addressesOf: ReadonlyMap<string, ReadonlySet<string>>;
  /** Boots wait until the returned function is called. */
  readonly holdBoots: () => () => void;
  /** The machine of this name ends by itself. */
  readonly crash: (name: string) => void;
  /** Nobody can tell how the machine of this name is. */
  readonly obscure: (name: string) => void;
};

export function fakeMachines(): FakeMachines {
  const known = new Map<string, { spec: MachineSpec; state: MachineState }>();
  const log: string[] = [];
  const violations: string[] = [];
  const addressesOf = new Map<string, Set<string>>();
  let gate = Promise.resolve();
  const set = (name: string, state: MachineState): void => {
    for (const machine of known.values()) if (machine.spec.name === name) machine.state = state;
  };
  const nameOf = (id: string): string => known.get(id)?.spec.name ?? id;
  return {
    known,
    log,
    violations,
    addressesOf,
    holdBoots: () => {
      let release: () => void = () => undefined;
      gate = new Promise((resolve) => {
        release = resolve;
      });
      return () => release();
    },
    crash: (name) => set(name, 'stopped'),
    obscure: (name) => set(name, 'unknown'),
    boot: async (spec) => {
      await gate;
      for (const { spec: other, state } of known.values())
        if (
          state === 'running' &&
          other.id !== spec.id &&
          (other.address === spec.address || other.name === spec.name)
        )
          violations.push(`${spec.name} ${spec.address} beside ${other.name} ${other.address}`);
      addressesOf.set(spec.name, (addressesOf.get(spec.name) ?? new Set()).add(spec.address));
      log.push(`boot ${spec.name}`);
      known.set(spec.id, { spec, state: 'running' });
    },
    stop: async (id) => {
      const machine = known.get(id);
      if (machine?.state !== 'running') return;
      log.push(`stop ${nameOf(id)}`);
      machine.state = 'stopped';
    },
    destroy: async (id) => {
      log.push(`destroy ${nameOf(id)}`);
      known.delete(id);
    },
    state: async (id) => known.get(id)?.state ?? 'stopped',
    console: async (id, start) => {
      const contents = `boot of ${nameOf(id)}\n`;
      return { contents: contents.slice(start), next: contents.length };
    },
  };
}

export type FakeImages = Images & { readonly imported: ReadonlyMap<string, string> };

/** Takes any file; a few letters with the word "bad" are refused as the real one refuses what is no image. */
export function fakeImages(): FakeImages {
  const imported = new Map<string, string>();
  return {
    imported,
    importDisk: async (id, tarGz) => {
      const text = await readFile(tarGz, 'utf8');
      // Short: in megabytes of random bytes the word comes up by itself.
      if (text.length < 100 && text.includes('bad'))
        throw new FleetError({
          kind: 'stop',
          code: 'image-format',
          message: 'The tar file has no disk.raw.',
        });
      imported.set(id, tarGz);
      return { diskSizeGb: 2, archiveSizeBytes: 1234 };
    },
    remove: async (id) => void imported.delete(id),
  };
}

/** The authority of a fake Redis with TLS; any valid one does. */
const AUTHORITY = `-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUKL/LJk9JJrAH1ChkbtjsuLnyGt8wCgYIKoZIzj0EAwIw
IjEgMB4GA1UEAwwXU2VydmVyIENBIG9mIDEyNy45MC4wLjMwIBcNMjYxMTIxMTA1
NjM4WhgPMjEyNjEwMjgxMDU2MzhaMCIxIDAeBgNVBAMMF1NlcnZlciBDQSBvZiAx
MjcuOTAuMC4zMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEbNn/83OrKZyGB/m/
HEjKPFyAcHipFciNJf08pqA66lePDnousXoz6zIO6oxGfkl/BgsYYbysFoZQrrnL
Fxt+jaNTMFEwHQYDVR0OBBYEFGZcYLPmiLo6fZoqr6FplYWULgIRMB8GA1UdIwQY
MBaAFGZcYLPmiLo6fZoqr6FplYWULgIRMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZI
zj0EAwIDSAAwRQIhAJaEpu+eiXY4KYsz40bF4dlq98bAzindROQFwA2krFYoAiAn
6IzQVRJftjU7BR6KEDBOpVnqNSbdoo/vApP7JhHDmA==
-----END CERTIFICATE-----
`;

export type FakeRedis = RedisServers & {
  readonly running: ReadonlyMap<string, Readonly<Record<string, string>>>;
  /** How each was asked for. */
  readonly wishes: ReadonlyMap<string, RedisWish>;
};

export function fakeRedis(): FakeRedis {
  const running = new Map<string, Readonly<Record<string, string>>>();
  const wishes = new Map<string, RedisWish>();
  return {
    running,
    wishes,
    start: async (name, wish = {}) => {
      const { config = {}, tls = false } = wish;
      running.set(name, config);
      wishes.set(name, wish);
      return { host: '127.90.0.3', ...(tls ? { port: 6378, authority: AUTHORITY } : { port: 6379 }) };
    },
    stop: async (name) => void running.delete(name),
  };
}

/** Loopback addresses: what the lab probes never leaves this host. */
export const fakeNetwork: LabNetwork = {
  range: '127.90.0.0/24',
  gateway: '127.90.0.1',
  reserved: ['127.90.0.1', '127.90.0.2', '127.90.0.3'],
  deliver: async () => undefined,
};
