/** What changed from one lock to the next, for a person to read. Pure. */
import type { Package } from '../packages.ts';
import type { LockedTree, SystemLock } from './lock-file.ts';

const TREES = {
  image: 'image',
  module: 'tree for the kernel module',
  tools: 'tools tree',
  build: 'tree for compiling',
  qemu: 'tree for qcow2',
} as const;

export type Change =
  | { readonly kind: 'added' | 'removed'; readonly name: string; readonly version: string }
  | { readonly kind: 'changed'; readonly name: string; readonly from: string; readonly to: string };

/** Sorted by name. A package of the same version whose file is another counts as changed. */
export function changesOf(
  before: readonly (Package & { readonly sha256?: string })[],
  after: readonly (Package & { readonly sha256?: string })[],
): readonly Change[] {
  const old = new Map(before.map((item) => [item.name, item]));
  const now = new Map(after.map((item) => [item.name, item]));
  const names = [...new Set([...old.keys(), ...now.keys()])].toSorted();
  return names.flatMap((name): readonly Change[] => {
    const [from, to] = [old.get(name), now.get(name)];
    if (from === undefined) return to === undefined ? [] : [{ kind: 'added', name, version: to.version }];
    if (to === undefined) return [{ kind: 'removed', name, version: from.version }];
    if (from.version === to.version && from.sha256 === to.sha256) return [];
    const isSame = from.version === to.version;
    return [
      { kind: 'changed', name, from: from.version, to: isSame ? `${to.version}, another file` : to.version },
    ];
  });
}

/** One line per change, under the name of its tree; one line in all when nothing changed. */
export function wordChanges(before: SystemLock, after: SystemLock): string {
  const lines = (Object.keys(TREES) as (keyof typeof TREES)[]).flatMap((tree) => {
    const changes = changesOf(packagesOf(before, tree), packagesOf(after, tree));
    return changes.length === 0 ? [] : [TREES[tree], ...changes.map((change) => `  ${wordChange(change)}`)];
  });
  return lines.length === 0 ? 'nothing changed' : lines.join('\n');
}

/** `debian-13: 303 packages of the image, 98 of the tools tree`. */
export function wordSystem(system: SystemLock): string {
  const counts = (Object.keys(TREES) as (keyof typeof TREES)[])
    .filter((tree) => system[tree] !== undefined)
    .map((tree) => `${packagesOf(system, tree).length} of the ${TREES[tree]}`);
  return `${system.base}: packages: ${counts.join(', ')}`;
}

function packagesOf(system: SystemLock, tree: keyof typeof TREES): readonly Package[] {
  const one = system[tree];
  if (one === undefined) return [];
  return 'own' in one ? [...one.packages, ...one.own] : one.packages;
}

function wordChange(change: Change): string {
  switch (change.kind) {
    case 'added':
      return `+ ${change.name} ${change.version}`;
    case 'removed':
      return `- ${change.name} ${change.version}`;
    case 'changed':
      return `~ ${change.name} ${change.from} → ${change.to}`;
    default:
      return change satisfies never;
  }
}

/** All packages that come from an archive, each once: what the pool has to hold. */
export function poolOf(
  trees: readonly (LockedTree | undefined)[],
): readonly LockedTree['packages'][number][] {
  const all = trees.flatMap((tree) => tree?.packages ?? []);
  return [...new Map(all.map((item) => [item.sha256, item])).values()];
}
