/** The least that an image takes whoever builds it: Debian's own tools on the same source, packages and mirror. */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { cpus, userInfo } from 'node:os';
import { join } from 'node:path';
import { loadFleet } from '../configs/load.ts';
import { openCache } from '../image-builder/cache.ts';
import { findOrder } from '../image-builder/compile/order.ts';
import { findSupply } from '../image-builder/compile/supply.ts';
import { sourceLines } from '../image-builder/packages.ts';
import { planImage } from '../image-builder/plan.ts';
import { showProgress } from '../image-builder/progress.ts';

/**
 * Seconds of each step: a tree in which dpkg-buildpackage runs, and a tree with the image's packages.
 * @param folder with the cache of a build that is done, so that what it was made of is known
 */
export async function bareSeconds(
  fleetFile: string,
  folder: string,
): Promise<Readonly<Record<string, number>>> {
  const shop = { log: join(folder, 'bare.log'), signal: new AbortController().signal };
  const cache = openCache({ RTPFLEET_CACHE: folder });
  const fleet = loadFleet(fleetFile);
  const order = await findOrder(shop, cache, fleet);
  const supply = await findSupply(shop, cache, fleet, showProgress('silent'));
  const { tree } = await planImage(shop, cache, fleet, supply);
  if (order === undefined) throw new Error('the bench wants a source to compile');
  const work = join(folder, 'bare');
  mkdirSync(work);
  await order.code.write(work);
  const { codename } = order.release;
  const compile = [
    `mkdir -p "$1/build/source" && tar -xf '${work}/source.tar' -C "$1/build/source"`,
    'chroot "$1" sh -c "cd /build/source && apt-get build-dep -y -q ./"',
    `chroot "$1" sh -c "cd /build/source && DEB_BUILD_OPTIONS='nocheck parallel=${cpus().length}' dpkg-buildpackage -b -us -uc"`,
  ].join(' && ');
  const build = ['--include=build-essential', `--customize-hook=${compile}`, '--format=null', codename, '-'];
  return {
    'base, build dependencies, dpkg-buildpackage': mmdebstrap([...build, ...sourceLines(order.release)]),
    'base, packages of the image': mmdebstrap([
      ...[`--include=${tree.include.join(',')}`, codename, join(work, 'image.tar')],
      ...sourceLines(tree.release),
    ]),
  };
}

function mmdebstrap(words: readonly string[]): number {
  const from = performance.now();
  const mode = userInfo().uid === 0 ? 'root' : 'unshare';
  const options = [`--mode=${mode}`, '--variant=apt', '--aptopt=APT::Sandbox::User "root"', '--quiet'];
  const { status, stderr } = spawnSync('mmdebstrap', [...options, ...words], {
    stdio: ['ignore', 'ignore', 'pipe'],
    maxBuffer: 64 * 1024 ** 2,
  });
  if (status !== 0) throw new Error(`mmdebstrap failed: ${String(stderr).slice(-2_000)}`);
  return (performance.now() - from) / 1_000;
}
