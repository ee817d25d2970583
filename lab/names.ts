/**
 * Every name, address and port of a lab, derived from the absolute path of its folder, so that two labs side by side never meet
 * and a lab without any record can still be found and removed. Pure.
 */
import { createHash } from 'node:crypto';

/** What one lab calls its parts. All names on the host begin with `id`. */
export type LabNames = {
  /** e.g. `rf1a2b3c4d`: also the network device of the host (≤ 15 characters) and the folder of its cgroups. */
  readonly id: string;
  /** Network namespace with the bridge, DHCP, DNS and the metadata server's socket. */
  readonly switchNamespace: string;
};

export function labNames(folder: string): LabNames {
  return namesOf(`rf${digest(folder).toString('hex').slice(0, 8)}`);
}

/** The names of the lab with this id. */
export function namesOf(id: string): LabNames {
  return { id, switchNamespace: `${id}-switch` };
}

/** Network namespace of a machine or a Redis; `key` is `m<instance id>` or `r<name>`. */
export function namespaceOf(names: LabNames, key: string): string {
  return `${names.id}-${key}`;
}

/** True for a name that this lab, and no other, gives to things on the host. */
export function isOurs(names: LabNames, name: string): boolean {
  return name === names.id || name.startsWith(`${names.id}-`);
}

/** 64 ranges `10.x.y.0/24` (x in 64..127), best first; the same folder always gets the same list. */
export function rangeCandidates(folder: string): readonly string[] {
  const start = digest(folder).readUInt16BE(4) % (64 * 256);
  return Array.from({ length: 64 }, (_, step) => {
    const place = (start + step * 257) % (64 * 256);
    return `10.${64 + (place >> 8)}.${place & 255}.0/24`;
  });
}

/** 64 ports for the endpoint, best first, below the range from which Linux gives out ephemeral ports. */
export function portCandidates(folder: string): readonly number[] {
  const start = digest(folder).readUInt16BE(6);
  return Array.from({ length: 64 }, (_, step) => 20_000 + ((start + step * 101) % 12_000));
}

function digest(folder: string): Buffer {
  return createHash('sha256').update(folder).digest();
}

/** `10.77.12.0/24` and 5 → `10.77.12.5`. */
export function addressIn(range: string, host: number): string {
  return `${range.slice(0, range.lastIndexOf('.'))}.${host}`;
}

/** Hardware address of a network interface as GCE derives it from the address: `10.77.12.5` → `42:01:0a:4d:0c:05`. */
export function hardwareAddress(address: string): string {
  const hex = address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
  return ['42', '01', ...hex].join(':');
}
