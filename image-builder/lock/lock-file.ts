/** The lock file beside a fleet file: which very .debs its image is made of, one list for each base that it was locked for. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { FleetError, reasonOf } from '../../lib/errors.ts';
import type { BaseName } from '../bases.ts';
import type { ArchivePackage, Package } from '../packages.ts';

/** What one tree was asked for, and all that it is made of. */
export type LockedTree = {
  readonly include: readonly string[];
  readonly packages: readonly ArchivePackage[];
};

/** `own`: packages in it that no archive has, since they were compiled or given. */
export type MixedTree = LockedTree & { readonly own: readonly Package[] };

/** One base of a fleet file. */
export type SystemLock = {
  readonly base: BaseName;
  readonly architecture: string;
  readonly image: MixedTree;
  /** The tree in which the kernel module is built, and the module's source; absent: there is no module. */
  readonly module?: MixedTree;
  readonly tools: LockedTree;
  /** The tree that RTPEngine is compiled in; absent: it is not compiled. */
  readonly build?: LockedTree;
  /** The tree that makes a qcow2 of the disk; absent: no such form for this architecture, or an older lock. */
  readonly qemu?: LockedTree;
};

export type Lock = { readonly format: 1; readonly systems: readonly SystemLock[] };

/** Where the lock of a fleet file lies: `lab.yaml` → `lab.lock.json`. Pure. */
export function lockFileOf(fleetFile: string): string {
  return `${fleetFile.replace(/\.ya?ml$/, '')}.lock.json`;
}

/**
 * @returns undefined when there is no such file
 * @throws FleetError `usage`, code `lock-file`
 */
export function readLock(file: string): Lock | undefined {
  if (!existsSync(file)) return undefined;
  const schema = new URL('../../configs/schemas/lock.schema.json', import.meta.url);
  const ajv = new Ajv({ allErrors: true });
  const isLock = ajv.compile<Lock>(JSON.parse(readFileSync(schema, 'utf8')));
  const value = parse(file);
  if (isLock(value)) return value;
  const first = isLock.errors?.[0];
  throw broken(file, `${first?.instancePath || '/'} ${first?.message ?? 'is wrong'}`);
}

/** Whole or not at all. */
export function writeLock(file: string, lock: Lock): void {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, wordLock(lock));
  renameSync(draft, file);
}

export function systemOf(lock: Lock | undefined, base: BaseName): SystemLock | undefined {
  return lock?.systems.find((system) => system.base === base);
}

/** The lock with `system` in the place of the one for the same base. Pure. */
export function withSystem(lock: Lock | undefined, system: SystemLock): Lock {
  const others = lock?.systems.filter(({ base }) => base !== system.base) ?? [];
  return { format: 1, systems: [...others, system].toSorted((a, b) => (a.base < b.base ? -1 : 1)) };
}

/** JSON with one package a line: a change of the lock reads well in a review. Pure. */
export function wordLock(lock: Lock): string {
  const text = JSON.stringify(lock, (key, value) => (key === 'packages' ? value.map(onOneLine) : value), 2);
  return `${text.replaceAll(/"@(.*)@"/g, (_, line: string) => JSON.parse(`"${line}"`))}\n`;
}

function onOneLine({ name, version, architecture, sha256, size }: ArchivePackage): string {
  return `@${JSON.stringify({ name, version, architecture, sha256, size })}@`;
}

function parse(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw broken(file, reasonOf(cause));
  }
}

function broken(file: string, reason: string): FleetError {
  return new FleetError({
    kind: 'usage',
    code: 'lock-file',
    message: `${file} is no lock of packages: ${reason}`,
    hint: 'Take it from version control again, or write a new one: pnpm image:lock --update.',
    facts: { file },
  });
}
