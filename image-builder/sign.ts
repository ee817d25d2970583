/** Signs EFI programs for Secure Boot, and has the signature checked by another program than the one that made it. */
import { copyFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Shop } from './command.ts';
import type { Signing } from './secure-boot.ts';
import { type Bench, runTool } from './tools.ts';

const KEY = 'sign.key';
const CERTIFICATE = 'sign.pem';

/** @param programs names in the work folder. The private key is there only while they are signed. */
export async function signPrograms(
  shop: Shop,
  bench: Bench,
  signing: Signing,
  programs: readonly string[],
): Promise<void> {
  writeFileSync(join(bench.work, CERTIFICATE), signing.certificate);
  try {
    copyFileSync(signing.keyFile, join(bench.work, KEY));
    for (const program of programs) await sign(shop, bench, program);
  } finally {
    rmSync(join(bench.work, KEY), { force: true });
  }
}

async function sign(shop: Shop, bench: Bench, program: string): Promise<void> {
  const signed = `${program}.signed`;
  const clock = ['faketime', '-f', '2025-01-01 00:00:00'];
  await runTool(shop, bench, [
    ...clock,
    ...['sbsign', '--key', KEY, '--cert', CERTIFICATE, '--output', signed, program],
  ]);
  await runTool(shop, bench, ['sbverify', '--cert', CERTIFICATE, signed]);
  renameSync(join(bench.work, signed), join(bench.work, program));
}
