/** What an image for arm64 cannot have, and what the machine that makes it must be able to do: asked before any work. */
import { readFileSync } from 'node:fs';
import type { Fleet } from '../configs/fleet.ts';
import { FleetError } from '../lib/errors.ts';

/** Where the kernel says what it does with programs of arm64 (Documentation/admin-guide/binfmt-misc.rst). */
const BINFMT = '/proc/sys/fs/binfmt_misc/qemu-aarch64';

/**
 * @param output another form than GCE's
 * @throws FleetError `usage`, code `arm64-recipe`: it is not made for arm64
 */
export function checkArmRecipe({ image, rtpengine }: Fleet, output?: string): void {
  if (image.architecture === 'amd64') return;
  const wrong = [
    ...(image.source === 'debian' ? [] : [`image.source: ${image.source}`]),
    ...(rtpengine.kernel === 'off' ? [] : [`rtpengine.kernel: ${rtpengine.kernel}`]),
    ...(output === undefined ? [] : [`--output ${output}`]),
  ];
  if (wrong.length === 0) return;
  throw new FleetError({
    kind: 'usage',
    code: 'arm64-recipe',
    message: `an image for arm64 cannot have ${wrong.join(' and ')}: nothing is compiled for arm64, and GCE's form is the only one`,
    hint: "Take the base's own packages (image.source: debian) and rtpengine.kernel: off, or image.architecture: amd64.",
    facts: { architecture: image.architecture },
  });
}

/** @throws FleetError `usage`, code `no-arm64`: this machine cannot run the programs of an arm64 image, as making one takes */
export function checkArmHost(fleet: Fleet, arch: string = process.arch, binfmt = readBinfmt()): void {
  if (fleet.image.architecture === 'amd64' || arch === 'arm64' || runsArm(binfmt)) return;
  throw new FleetError({
    kind: 'usage',
    code: 'no-arm64',
    message: `an image for arm64 cannot be made here: this machine is ${arch}, and runs no programs of arm64`,
    hint: 'Build on an arm64 machine, or run as root: apt-get install qemu-user-static binfmt-support',
    facts: { arch },
  });
}

/** Enabled, and with the emulator opened beforehand (`F`): in a tree there is none. Pure. */
export function runsArm(binfmt: string): boolean {
  return /^enabled$/m.test(binfmt) && /^flags: \S*F/m.test(binfmt);
}

function readBinfmt(): string {
  try {
    return readFileSync(BINFMT, 'utf8');
  } catch {
    return '';
  }
}
