/** Signs EFI programs for Secure Boot, and has the signature checked by another program than the one that made it. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Shop } from './command.ts';
import type { Signing } from './secure-boot.ts';
import { type Bench, runTool } from './tools.ts';

const CERTIFICATE = 'sign.pem';

/** The private key comes by standard input: no copy of it lies anywhere, also when the builder is killed. */
const KEY = '/dev/stdin';

/** @param programs names in the work folder */
export async function signPrograms(
  shop: Shop,
  bench: Bench,
  signing: Signing,
  programs: readonly string[],
): Promise<void> {
  writeFileSync(join(bench.work, CERTIFICATE), signing.certificate);
  for (const program of programs) await sign(shop, bench, signing, program);
}

async function sign(shop: Shop, bench: Bench, { keyFile }: Signing, program: string): Promise<void> {
  const signed = `${program}.signed`;
  const clock = ['faketime', '-f', '2025-01-01 00:00:00'];
  const words = ['sbsign', '--key', KEY, '--cert', CERTIFICATE, '--output', signed, program];
  // By a pipe: what a program of Node gets as standard input is a socket, which nothing can open by a name.
  await runTool(shop, bench, ['sh', '-c', 'cat | "$@"', 'sh', ...clock, ...words], {
    shown: words,
    attend: () => Promise.resolve(readFileSync(keyFile, 'utf8')),
  });
  await runTool(shop, bench, ['sbverify', '--cert', CERTIFICATE, signed]);
  renameSync(join(bench.work, signed), join(bench.work, program));
}
