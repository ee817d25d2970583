/**
 * User namespaces: how the builder is root without being root. Everything that runs here sees itself as root of its
 * own mounts and processes, which end with it: a killed build leaves neither behind.
 */
import { readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { FleetError } from '../lib/errors.ts';
import { type CommandOptions, runCommand, type Shop } from './command.ts';

/** Ids 1..65535 of a tree belong to host ids `first`... */
export type IdRange = { readonly first: number; readonly count: number };

const IDS_OF_A_TREE = 65_536;

/** Root needs no entry in /etc/subuid: these lie above every range that systemd or useradd hands out
 * (systemd docs/UIDS-GIDS.md: containers end at 1879048191). */
const IDS_FOR_ROOT: IdRange = { first: 1_879_048_192, count: IDS_OF_A_TREE };

const UNSHARE = [
  'unshare',
  '--mount',
  '--pid',
  '--fork',
  '--kill-child',
  '--propagation',
  'private',
] as const;

/** The command as root of a namespace in which only the caller's own id exists: enough to mount and chroot. */
export function asSoleRoot(argv: readonly string[]): readonly string[] {
  return [...UNSHARE, '--map-root-user', '--', ...argv];
}

/** Runs a command as root of a namespace with a full set of 65,536 ids, which a system tree needs for its files. */
export async function runWithAllIds(
  shop: Shop,
  argv: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const uids = idRange('/etc/subuid');
  const gids = idRange('/etc/subgid');
  // The ids exist only after someone outside wrote the maps; exec after that makes the command root in full, and by that
  // forgets the signal that --kill-child had arranged for the death of its parent. So it is arranged once more.
  const wait = ['sh', '-c', 'read -r _ && exec setpriv --pdeathsig KILL -- "$@" </dev/null', 'sh'];
  return await runCommand(shop, [...UNSHARE, '--user', '--', ...wait, ...argv], {
    ...options,
    attend: async (pid) => {
      await inOwnNamespace(pid, shop.signal);
      await mapIds(shop, pid, 'uid', userInfo().uid, uids);
      await mapIds(shop, pid, 'gid', userInfo().gid, gids);
      return 'go\n';
    },
  });
}

/** The first range of ids that /etc/subuid (or subgid) gives to the caller. Pure but for the file it is given. */
export function subordinateIds(text: string, user: string, uid: number): IdRange | undefined {
  for (const line of text.split('\n')) {
    const [owner, first, count] = line.split(':');
    if (owner !== user && owner !== String(uid)) continue;
    if (Number(count) >= IDS_OF_A_TREE - 1) return { first: Number(first), count: Number(count) };
  }
  return undefined;
}

function idRange(file: string): IdRange {
  const { username, uid } = userInfo();
  if (uid === 0) return IDS_FOR_ROOT;
  const range = subordinateIds(readFileSync(file, 'utf8'), username, uid);
  if (range !== undefined) return range;
  throw new FleetError({
    kind: 'usage',
    code: 'no-subordinate-ids',
    message: `${file} gives ${username} no range of 65535 ids, which the files of a system tree need`,
    hint: `Run once as root: usermod --add-subuids 200000-265535 --add-subgids 200000-265535 ${username}`,
  });
}

/** Waits until the process has left our user namespace; only then can its ids be mapped. */
async function inOwnNamespace(pid: number, signal: AbortSignal): Promise<void> {
  const ours = readlinkSync('/proc/self/ns/user');
  for (;;) {
    let theirs: string;
    try {
      theirs = readlinkSync(`/proc/${pid}/ns/user`);
    } catch {
      return; // It ended: its exit code says why.
    }
    if (theirs !== ours) return;
    signal.throwIfAborted();
    await sleep(5);
  }
}

async function mapIds(
  shop: Shop,
  pid: number,
  kind: 'uid' | 'gid',
  own: number,
  range: IdRange,
): Promise<void> {
  const map = [0, own, 1, 1, range.first, Math.min(range.count, IDS_OF_A_TREE - 1)].map(String);
  if (userInfo().uid !== 0) {
    await runCommand(shop, [`new${kind}map`, String(pid), ...map]);
    return;
  }
  const text = `${map.slice(0, 3).join(' ')}\n${map.slice(3).join(' ')}\n`;
  writeFileSync(`/proc/${pid}/${kind}_map`, text); // One write: the kernel takes no second.
}
