/** A small lock of made-up packages. */
import type { SystemLock } from '../../../../image-builder/lock/lock-file.ts';
import type { ArchivePackage } from '../../../../image-builder/packages.ts';

export function deb(name: string, version: string, sha256 = 'a'.repeat(64)): ArchivePackage {
  return { name, version, architecture: 'amd64', sha256, size: 1 };
}

export const SYSTEM: SystemLock = {
  base: 'debian-13',
  architecture: 'amd64',
  image: { include: ['curl'], packages: [deb('bash', '5.2'), deb('curl', '8', 'b'.repeat(64))], own: [] },
  tools: { include: ['bash'], packages: [deb('bash', '5.2')] },
};
