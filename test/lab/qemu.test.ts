/** Golden images under real firmware, with their own kernel: what nspawn machines cannot show. Both at once, one processor each. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { unpackDisk } from '../../lab/images/archive.ts';
import { findDisk } from '../../lab/qemu/find-disk.ts';
import { CERTIFICATE, signedFleet } from '../support/signed-fleet.ts';

const ROOT = join(import.meta.dirname, '../..');
/** `isSigned`: the image that has all which a fleet file can add, started by firmware that trusts its signer alone. */
const BOOTS = [
  {
    base: 'debian-13',
    version: 'mr12.5.1.31',
    firmware: 'uefi',
    disk: 'virtio-scsi',
    isSigned: true,
    sent: 250,
  },
  {
    base: 'debian-12',
    version: 'mr10.5.3.5',
    firmware: 'bios',
    disk: 'virtio-scsi',
    isSigned: false,
    sent: 50,
  },
] as const;
const folder = mkdtempSync(join(tmpdir(), 'rtpfleet-qemu-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function program(...words: readonly string[]) {
  const { stdout } = await execa(process.execPath, words, { cwd: ROOT, reject: false, stderr: 'inherit' });
  return JSON.parse(stdout);
}

/** Out of the cache when an earlier test built it. */
async function imageOf({ base, version, isSigned }: (typeof BOOTS)[number]): Promise<string> {
  const fleet = isSigned ? ['--fleet', (await signedFleet(folder)).file] : [];
  const words = ['build', '--base', base, '--version', version, ...fleet, '--no-publish', '--json'];
  return (await program('image-builder/cli.ts', ...words)).image;
}

/** Words of the boot loader; in front of the root file system they are nowhere else. */
const IN_LOADER = '#### LoaderInfo: systemd-boot';
const BEFORE_ROOT = 98 * 1024 ** 2;

/** Turns one bit of the boot loader of a disk. */
async function alterLoader(disk: string): Promise<void> {
  const file = await open(disk, 'r+');
  try {
    const { buffer } = await file.read(Buffer.alloc(BEFORE_ROOT), 0, BEFORE_ROOT, 0);
    const place = buffer.indexOf(IN_LOADER);
    expect(place).toBeGreaterThan(0);
    await file.write(Buffer.from([(buffer[place] ?? 0) ^ 1]), 0, 1, place);
  } finally {
    await file.close();
  }
}

describe('an image in QEMU', () => {
  const images: string[] = [];
  const reports = new Map<string, Awaited<ReturnType<typeof program>>>();
  beforeAll(async () => {
    for (const each of BOOTS) images.push(await imageOf(each));
    await Promise.all(
      BOOTS.map(async ({ firmware, disk, isSigned }, place) => {
        const words = [
          images[place] ?? '',
          '--firmware',
          firmware,
          '--disk',
          disk,
          '--within',
          '600',
          '--json',
          ...(isSigned ? ['--secure-boot', CERTIFICATE] : []),
        ];
        reports.set(firmware, await program('lab/qemu/main.ts', ...words));
      }),
    );
  });

  test.each(BOOTS)(
    'starts by $firmware from $disk, $base, and carries a call',
    ({ firmware, version, isSigned, sent }) => {
      const report = reports.get(firmware);
      // In this order, so that a failure shows its reason first.
      expect(report.problems).toEqual([]);
      expect(report).toMatchObject({
        ok: true,
        relay: { version, health: expect.stringMatching(/^{"ok":true,/) },
        guest: { state: 'running', failedUnits: [], mtu: 1460, secureBoot: isSigned },
        calls: [{ sent, receivedA: sent, receivedB: sent }],
      });
    },
  );

  test('loads RTPEngine’s signed module under Secure Boot, and its kernel forwards RTP of the call', () => {
    const { relay, calls } = reports.get('uefi');
    expect(relay.health).toContain('active, table 0');
    expect(calls[0].inKernel).toBeGreaterThan(0);
  });

  test('is refused by Secure Boot when one bit of its boot loader is another, and says so', async () => {
    const altered = join(folder, 'altered');
    await unpackDisk(findDisk(images[0] ?? '', process.env).file, altered);
    const disk = join(altered, 'disk.raw');
    await alterLoader(disk);
    const words = [disk, '--secure-boot', CERTIFICATE, '--within', '600', '--json'];
    expect(await program('lab/qemu/main.ts', ...words)).toMatchObject({
      ok: false,
      problems: [
        expect.stringMatching(/^Secure Boot did not let the boot loader of .* start: it was not signed/),
      ],
    });
  });

  test('leaves nothing', async () => {
    expect(readdirSync(join(tmpdir(), 'rtpfleet-boot'))).toEqual([]);
    const { stdout } = await execa('pgrep', ['-af', join(tmpdir(), 'rtpfleet-boot')], { reject: false });
    expect(stdout).toBe('');
  });
});
