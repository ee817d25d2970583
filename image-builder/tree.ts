/** System trees made by mmdebstrap: a whole Debian system in one tar archive, the same bytes every time. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { USUAL } from './architecture.ts';
import { EPOCH } from './bases.ts';
import type { Cache } from './cache.ts';
import type { Shop } from './command.ts';
import { installLines } from './lock/pool.ts';
import { runWithAllIds } from './namespace.ts';
import type { Release } from './packages.ts';

export type TreeOrder = {
  readonly release: Release;
  readonly include: readonly string[];
  /** Shell commands with `"$1"` = the tree: before anything is in it; absent: none; … */
  readonly first?: readonly string[];
  /** … before the other packages are unpacked … */
  readonly early: readonly string[];
  /** … and after all are configured. */
  readonly late: readonly string[];
};

/** Leaves out what no relay reads; copyright files stay, licences ask for them. */
const LEFT_OUT = [
  'path-exclude=/usr/share/doc/*',
  'path-include=/usr/share/doc/*/copyright',
  'path-exclude=/usr/share/man/*',
  'path-exclude=/usr/share/info/*',
  'path-exclude=/usr/share/locale/*',
  'path-exclude=/usr/share/lintian/*',
  'path-exclude=/usr/share/bash-completion/*',
  'path-exclude=/usr/share/zsh/*',
];

/**
 * The words of the command that makes a tree. Pure.
 * @param target absolute path
 * @param lines where packages are installed from, one-line sources
 */
export function mmdebstrapCommand(
  order: TreeOrder,
  target: string,
  lines: readonly string[],
): readonly string[] {
  return [
    'mmdebstrap',
    // As root of its own user namespace it needs no further one, only mounts of its own.
    '--mode=unshare',
    '--variant=apt',
    '--format=tar',
    `--architectures=${order.release.architecture ?? USUAL}`,
    ...keyringWords(order.release),
    `--include=${order.include.join(',')}`,
    // The download user of apt has no way into a folder that belongs to the caller alone.
    '--aptopt=APT::Sandbox::User "root"',
    '--aptopt=Acquire::Languages "none"',
    ...LEFT_OUT.map((option) => `--dpkgopt=${option}`),
    ...(order.first ?? []).map((hook) => `--setup-hook=${hook}`),
    ...order.early.map((hook) => `--essential-hook=${hook}`),
    ...order.late.map((hook) => `--customize-hook=${hook}`),
    order.release.codename,
    target,
    ...lines,
  ];
}

/** The key of an archive that the tree itself names no key for: there, the distribution's own package has it. Pure. */
export function keyringWords({ mirrors: { keyring } }: Release): readonly string[] {
  return keyring === undefined ? [] : [`--keyring=${keyring}`];
}

/** Makes `target` (a tar archive); `temporary` holds the tree meanwhile. */
export async function makeTree(
  shop: Shop,
  cache: Cache,
  order: TreeOrder,
  target: string,
  temporary: string,
): Promise<void> {
  mkdirSync(temporary, { recursive: true });
  const lines = await installLines(shop, cache, order.release, join(temporary, 'packages'));
  await runWithAllIds(shop, mmdebstrapCommand(order, target, lines), {
    env: { SOURCE_DATE_EPOCH: String(EPOCH), TMPDIR: temporary },
    shown: ['mmdebstrap', order.release.codename, order.release.architecture ?? USUAL],
  });
}
