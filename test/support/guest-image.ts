import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { debianMirrors, hostCodename, readHostSources } from '../../image-builder/sources.ts';
import { run } from '../../lab/host/run.ts';

export type Suite = 'bookworm' | 'trixie';

/** What a guest of GCE needs: init, DHCP and DNS clients, Google's agent, a way in. */
const PACKAGES =
  'systemd-sysv,dbus,systemd-resolved,google-guest-agent,openssh-server,iproute2,procps,curl,ca-certificates';

const NETWORK = '[Match]\nType=ether\n[Network]\nDHCP=ipv4\nLinkLocalAddressing=no\n[DHCPv4]\nUseMTU=yes\n';
const ROOT_MIB = 900;

/**
 * A small Debian guest as an importable disk (tar.gz with disk.raw: GPT, one ext4 root), made once per suite and kept in `.cache`. It is
 * built apart from the image builder on purpose, so that the lab is tested with an image that it did not shape.
 */
export async function guestImage(suite: Suite): Promise<string> {
  const recipe = await readFile(fileURLToPath(import.meta.url));
  const key = createHash('sha256').update(recipe).digest('hex').slice(0, 12);
  const cache = join(import.meta.dirname, '../../.cache/test-guests');
  const kept = join(cache, `${suite}-${key}.tar.gz`);
  if (existsSync(kept)) return kept;
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(tmpdir(), 'rtpfleet-guest-'));
  try {
    await makeTree(suite, join(work, 'tree'));
    await makeDisk(join(work, 'tree'), work);
    await run('tar', ['--format=oldgnu', '-S', '-C', work, '-czf', `${kept}.new`, 'disk.raw']);
    await rename(`${kept}.new`, kept);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return kept;
}

async function makeTree(suite: Suite, tree: string): Promise<void> {
  const { main } = debianMirrors(readHostSources(), hostCodename());
  const options = ['--mode=root', '--variant=minbase', `--include=${PACKAGES}`];
  await run('mmdebstrap', [...options, suite, tree, main]);
  await writeFile(join(tree, 'etc/systemd/network/80-dhcp.network'), NETWORK);
  const root = `--root=${tree}`;
  await run('systemctl', [root, 'enable', 'systemd-networkd.service', 'systemd-resolved.service']);
  // Without it the agent's shutdown scripts would outlive the network on their way down.
  await run('systemctl', [root, 'add-wants', 'multi-user.target', 'network-online.target']);
  for (const file of ['etc/hostname', 'etc/ssh/ssh_host_ed25519_key', 'etc/ssh/ssh_host_rsa_key'])
    await rm(join(tree, file), { force: true });
  await rm(join(tree, 'etc/resolv.conf'), { force: true });
  await symlink('../run/systemd/resolve/stub-resolv.conf', join(tree, 'etc/resolv.conf'));
  await writeFile(join(tree, 'etc/machine-id'), '');
}

async function makeDisk(tree: string, work: string): Promise<void> {
  const [root, disk] = [join(work, 'root.ext4'), join(work, 'disk.raw')];
  await run('mke2fs', ['-q', '-t', 'ext4', '-d', tree, root, `${ROOT_MIB}M`]);
  await writeFile(disk, '');
  await truncate(disk, 1024 ** 3);
  const size = ROOT_MIB * 2048;
  const table = `label: gpt\nstart=2048,size=${size},type=4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709\n`;
  await run('sfdisk', ['--quiet', disk], table);
  await run('dd', [`if=${root}`, `of=${disk}`, 'bs=1M', 'seek=1', 'conv=notrunc,sparse', 'status=none']);
}
