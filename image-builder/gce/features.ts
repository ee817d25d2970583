/**
 * What an image tells GCE that its system can do. Without GVNIC and UEFI_COMPATIBLE it starts on no machine of the third
 * generation or later. Pure.
 */

/** For every base on x86-64. */
const COMMON = ['UEFI_COMPATIBLE', 'VIRTIO_SCSI_MULTIQUEUE', 'GVNIC', 'SEV_CAPABLE'] as const;

/** What Google's own image of the base has on top of that (compute-image-tools, debian_13.publish.json). */
const MORE = {
  'debian-13': ['SEV_SNP_CAPABLE', 'SEV_LIVE_MIGRATABLE_V2', 'IDPF'],
} as const;

/** On ARM64 nothing encrypts memory yet. */
const ARM64 = ['UEFI_COMPATIBLE', 'VIRTIO_SCSI_MULTIQUEUE', 'GVNIC'] as const;

/** One of GCE's `GuestOsFeature.type`. */
export type GuestOsFeature =
  | (typeof COMMON)[number]
  | (typeof MORE)[keyof typeof MORE][number]
  | (typeof ARM64)[number];

/** @param architecture as GCE names it */
export function guestOsFeatures(base: string, architecture: string): readonly GuestOsFeature[] {
  if (architecture === 'ARM64') return ARM64;
  return [...COMMON, ...(base in MORE ? MORE[base as keyof typeof MORE] : [])];
}
