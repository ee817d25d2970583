/** The system of an image before any of our own files: packages only, so a changed configuration does not touch it. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { USUAL } from './architecture.ts';
import { EPOCH, IMAGE_PACKAGES } from './bases.ts';
import { type Cache, cached } from './cache.ts';
import type { Shop } from './command.ts';
import { digestOf } from './digest.ts';
import { codeDigest } from './file-digest.ts';
import { compileModule, type ModulePlan } from './kernel/compile.ts';
import { modulePath } from './kernel/record.ts';
import { type ArchivePackage, type Release, sourceLines } from './packages.ts';
import { makeTree, type TreeOrder } from './tree.ts';

/** Code that decides what is in the tree: when it changes, so does the key. */
const CODE = ['image-tree.ts', 'tree.ts'];

/** Files of a tree's cache entry. */
export const TREE_FILES = {
  archive: 'tree.tar',
  /** What `rtpengine --help` of this very tree prints. */
  help: 'rtpengine-help.txt',
  /** One line per package: name, tab, version. */
  packages: 'packages.tsv',
} as const;

/** Drivers that the first mount needs on GCE, on top of what the cloud kernel has built in (NVMe, ext4's own). */
const INITRD_MODULES = [
  'virtio_pci',
  'virtio_scsi',
  'virtio_blk',
  'virtio_net',
  'sd_mod',
  'nvme',
  'ext4',
  'crc32c',
];

const INITRD_SETTINGS = ['MODULES=list', 'COMPRESS=zstd', 'RESUME=none', 'FSTYPE=ext4'];

/** Releases whose essential packages bring /bin, /lib, … as folders; everything here is looked for below /usr. */
const UNMERGED: readonly string[] = ['jammy'];

/** As debootstrap makes it there; tar keeps the links. */
const MERGE_USR =
  'for name in bin sbin lib lib64; do mkdir -p "$1/usr/$name" && ln -s "usr/$name" "$1/$name" || exit 1; done';

const EARLY = [
  'mkdir -p "$1/etc/initramfs-tools/conf.d"',
  `printf '%s\\n' ${INITRD_SETTINGS.join(' ')} >"$1/etc/initramfs-tools/conf.d/rtpfleet"`,
  `printf '%s\\n' ${INITRD_MODULES.join(' ')} >"$1/etc/initramfs-tools/modules"`,
];

/** What belongs to one machine only, or to the machine that built the tree. */
const REMOVED = [
  'etc/ssh/ssh_host_*',
  'etc/hostname',
  'etc/.resolv.conf.systemd-resolved.bak',
  'etc/apt/apt.conf.d/99mmdebstrap',
  'etc/dpkg/dpkg.cfg.d/99mmdebstrap',
  'var/lib/dbus/machine-id',
  'var/lib/systemd/random-seed',
  'var/cache/ldconfig/aux-cache',
  'var/cache/debconf/*-old',
  'var/lib/dpkg/*-old',
  'var/log/apt/*',
  'var/log/*.log',
  // Ubuntu 22.04 begins them while it is installed; systemd-tmpfiles makes lastlog anew.
  'var/log/faillog',
  'var/log/lastlog',
];

/** A kernel module that is not Debian's own: what it is, and which file. */
export type TreeModule = { readonly plan: ModulePlan; readonly file: string };

/** Puts a module where modprobe finds it, and gives what it opens in /proc to RTPEngine's user. */
function moduleHooks({ plan, file }: TreeModule): readonly string[] {
  const { module, kernel } = plan;
  const place = `"$1"${modulePath(plan)}`;
  const ids = '$(chroot "$1" id -u rtpengine) $(chroot "$1" id -g rtpengine)';
  return [
    `mkdir "$(dirname ${place})" && cp '${file}' ${place} && chroot "$1" depmod ${kernel.release}`,
    `printf 'options ${module.name} proc_uid=%s proc_gid=%s\\n' ${ids} >"$1"/etc/modprobe.d/rtpfleet.conf`,
  ];
}

/** @param include packages to install, besides all that they need */
export function imageTreeOrder(
  release: Release,
  include: readonly string[],
  facts: string,
  module?: TreeModule,
): TreeOrder {
  const { codename, mirrors } = release;
  const sources = sourceLines({ codename, mirrors }).map((line) => `'${line}'`);
  const late = [
    ...(module === undefined ? [] : moduleHooks(module)),
    // The archive, wherever the packages came from.
    `printf '%s\\n' ${sources.join(' ')} >"$1/etc/apt/sources.list"`,
    `rm -f ${REMOVED.map((path) => `"$1"/${path}`).join(' ')}`,
    ': >"$1/etc/machine-id"',
    `chroot "$1" rtpengine --help >'${join(facts, TREE_FILES.help)}'`,
    `chroot "$1" dpkg-query -W -f '\${Package}\\t\${Version}\\n' >'${join(facts, TREE_FILES.packages)}'`,
  ];
  const first = UNMERGED.includes(codename) ? [MERGE_USR] : [];
  return { release, include, first, early: EARLY, late };
}

export function treeKey(
  release: Release,
  packages: readonly ArchivePackage[],
  include: readonly string[] = IMAGE_PACKAGES,
  plan?: ModulePlan,
): string {
  const { codename, mirrors, architecture = USUAL, local, further } = release;
  const archive = { codename, mirrors };
  const order = imageTreeOrder(archive, include, '', plan === undefined ? undefined : { plan, file: '' });
  return digestOf({
    code: codeDigest(CODE),
    architecture,
    epoch: EPOCH,
    sources: sourceLines(archive),
    local: local?.digest ?? null,
    include: order.include,
    hooks: [...(order.first ?? []), ...order.early, ...order.late],
    packages,
    ...(plan === undefined ? {} : { module: plan.key }),
    ...(further === undefined ? {} : { further: { ...further, keyFile: '' } }),
  });
}

/** Folder with the files of `TREE_FILES`; made when it is not cached. */
export async function imageTree(
  shop: Shop,
  cache: Cache,
  release: Release,
  packages: readonly ArchivePackage[],
  include: readonly string[] = IMAGE_PACKAGES,
  plan?: ModulePlan,
): Promise<string> {
  return await cached(shop, cache, 'tree', treeKey(release, packages, include, plan), async (folder) => {
    const module = plan && { plan, file: await compileModule(shop, cache, plan) };
    const temporary = join(folder, 'tmp');
    mkdirSync(temporary);
    await makeTree(
      shop,
      cache,
      imageTreeOrder(release, include, folder, module),
      join(folder, TREE_FILES.archive),
      temporary,
    );
    rmSync(temporary, { recursive: true });
  });
}
