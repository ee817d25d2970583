/** Gathers what the checklist asks of a finished image, out of the work folder of its disk. Mounts and starts nothing. */
import { createReadStream, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createGunzip } from 'node:zlib';
import type { ArchitectureName } from '../architecture.ts';
import type { Shop } from '../command.ts';
import { WORK } from '../disk.ts';
import { parseListing } from '../hygiene.ts';
import { type Bench, runTool } from '../tools.ts';
import { TAR_BLOCK } from './archive-form.ts';
import type { Evidence } from './checklist.ts';
import type { GuestOsFeature } from './features.ts';

/** Small files whose content counts, as patterns of bsdtar. */
const TEXTS = [
  './etc/systemd/network/*',
  './etc/systemd/timesyncd.conf.d/*',
  './etc/systemd/system/ssh.service.d/*',
  './etc/ssh/sshd_config.d/*',
  './boot/config-*',
  './usr/lib/modules/*/modules.builtin',
];

const FOLDER = 'evidence';

/** @param listing `tar --list --verbose` of the root archive */
export async function gatherEvidence(
  shop: Shop,
  bench: Bench,
  listing: string,
  features: readonly GuestOsFeature[],
  architecture: ArchitectureName = 'amd64',
): Promise<Evidence> {
  const [texts, members, initrd, uefiCommandLine] = await Promise.all([
    textsOf(shop, bench),
    linesOf(runTool(shop, bench, ['tar', '--list', '--file', WORK.archive])),
    initrdModules(shop, bench),
    commandLineOf(shop, bench),
  ]);
  const files = new Map(parseListing(listing).map(({ path, bytes }) => [path, bytes]));
  return {
    header: await firstBytes(join(bench.work, WORK.archive), TAR_BLOCK),
    members,
    features,
    uefiCommandLine,
    architecture,
    biosScript: architecture === 'amd64' ? readFileSync(join(bench.work, WORK.grub), 'utf8') : undefined,
    files,
    texts,
    kernel: kernelOptions(textAt(texts, '/boot/config-')),
    builtIn: moduleNames(textAt(texts, '/usr/lib/modules/').split('\n')),
    initrd,
    modules: moduleNames([...files.keys()]),
  };
}

/** `CONFIG_NVME_CORE=y` → its value; what is off is absent. */
export function kernelOptions(config: string): ReadonlyMap<string, string> {
  return new Map(
    [...config.matchAll(/^(CONFIG_\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]),
  );
}

/** Names as the kernel has them, out of paths of modules: `…/crc32c-intel.ko.xz` → `crc32c_intel`. */
export function moduleNames(paths: readonly string[]): ReadonlySet<string> {
  return new Set(
    paths.flatMap((path) => /([^/]+)\.ko(?:\.\w+)?$/.exec(path)?.[1]?.replaceAll('-', '_') ?? []),
  );
}

async function textsOf(shop: Shop, bench: Bench): Promise<ReadonlyMap<string, string>> {
  const folder = join(bench.work, FOLDER);
  mkdirSync(folder);
  const into = ['bsdtar', '--extract', '--file', WORK.root, '--directory', FOLDER, '--no-same-owner'];
  // Without names of links that lead elsewhere: only what is a file here is read.
  await runTool(shop, bench, [...into, ...TEXTS.map((pattern) => `--include=${pattern}`)]);
  const found = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const texts = found.map((entry) => {
    const path = join(entry.parentPath, entry.name);
    return [path.slice(folder.length), readFileSync(path, 'utf8')] as const;
  });
  rmSync(folder, { recursive: true });
  return new Map(texts);
}

/** Exactly one file begins like this; none is found as nothing. */
function textAt(texts: ReadonlyMap<string, string>, start: string): string {
  return [...texts].find(([path]) => path.startsWith(start))?.[1] ?? '';
}

async function initrdModules(shop: Shop, bench: Bench): Promise<ReadonlySet<string>> {
  const initrd = readdirSync(join(bench.work, 'boot')).find((name) => name.startsWith('initrd.img-'));
  return moduleNames(await linesOf(runTool(shop, bench, ['bsdtar', '--list', '--file', `boot/${initrd}`])));
}

/** What the unified kernel image itself says, whatever it was asked to hold. */
async function commandLineOf(shop: Shop, bench: Bench): Promise<string> {
  const section = '--section=.cmdline:text';
  const output = await runTool(shop, bench, ['ukify', 'inspect', WORK.uki, '--json=short', section]);
  const sections = JSON.parse(output) as { readonly '.cmdline'?: { readonly text?: string } };
  return sections['.cmdline']?.text ?? '';
}

async function linesOf(output: Promise<string>): Promise<readonly string[]> {
  return (await output).split('\n').filter((line) => line !== '');
}

async function firstBytes(gzip: string, count: number): Promise<Buffer> {
  const source = createReadStream(gzip);
  const parts: Buffer[] = [];
  try {
    for await (const part of source.pipe(createGunzip())) {
      parts.push(part as Buffer);
      if (Buffer.concat(parts).length >= count) break;
    }
  } finally {
    source.destroy();
  }
  return Buffer.concat(parts).subarray(0, count);
}
