import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectNg } from '../../lib/ng/client.ts';
import { ping } from '../../lib/ng/commands.ts';
import { openRelay, type Relay, type RelayPlace } from '../../lib/relay/relay.ts';
import { versionOfDebian } from '../../lib/version.ts';
import { freshLoopback } from './loopback.ts';

/** A real RTPEngine in a root file system: `/`, or an unpacked Debian tree of any release. */
export type RtpengineTree = { readonly root: string; readonly version: string };

/** Further trees to test with, separated by colons; each holds `usr/bin/rtpengine` and its libraries. */
export const TREES_VARIABLE = 'RTPFLEET_RTPENGINE_TREES';

/** Every RTPEngine to be found here: the installed one and those of RTPFLEET_RTPENGINE_TREES. */
export function findRtpengines(): readonly RtpengineTree[] {
  const roots = ['/', ...(process.env[TREES_VARIABLE] ?? '').split(':').filter((root) => root !== '')];
  return roots.filter((root) => existsSync(join(root, 'usr/bin/rtpengine'))).map(describeTree);
}

function describeTree(root: string): RtpengineTree {
  const [program = '', ...args] = commandOf(root);
  const { stdout, stderr } = spawnSync(program, [...args, '--version'], { encoding: 'utf8' });
  const text = `${stdout}${stderr}`;
  const version = versionOfDebian(/^Version: (\S+)/.exec(text)?.[1] ?? '');
  if (version === undefined) throw new Error(`${root}: rtpengine --version says ${text}`);
  return { root, version };
}

/** The tree's own loader and libraries run its binary on any host of the same architecture, without chroot or root. */
export function commandOf(root: string): readonly string[] {
  const binary = join(root, 'usr/bin/rtpengine');
  if (root === '/') return [binary];
  const libraries = readdirSync(join(root, 'usr/lib')).filter((name) => name.endsWith('-linux-gnu'));
  const path = libraries.map((name) => join(root, 'usr/lib', name));
  const loaders = path.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => /^ld-linux.*\.so\.\d$/.test(name))
      .map((name) => join(folder, name)),
  );
  return [loaders[0] ?? 'no-loader', '--library-path', path.join(':'), binary];
}

export type RunningRtpengine = {
  readonly place: RelayPlace;
  /** A fresh connection; `stop` does not close it. */
  readonly connect: () => Relay;
  /** What it has written so far. */
  readonly log: () => string;
  /** SIGTERM, the way systemd stops it; resolves when it is gone. */
  readonly stop: () => Promise<void>;
  /** SIGKILL: it is gone, and its host is not. */
  readonly kill: () => void;
};

export type RtpengineOptions = {
  /** Default: a loopback address that no other test of this run uses. */
  readonly host?: string;
  /** Further options, e.g. `--delete-delay=30`. */
  readonly args?: readonly string[];
};

/** Starts RTPEngine in the foreground, userspace forwarding only, and resolves when it answers a ping. */
export async function startRtpengine(
  tree: RtpengineTree,
  { host = freshLoopback(), args = [] }: RtpengineOptions = {},
): Promise<RunningRtpengine> {
  const place: RelayPlace = {
    name: `rtpengine-${tree.version}`,
    host,
    ngPort: 2223,
    ngTcpPort: 2223,
    cliPort: 2224,
  };
  const [program = '', ...loader] = commandOf(tree.root);
  const child = spawn(program, [...loader, ...optionsOf(place), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // A core dump, should there be one, is not to land in the repository.
    cwd: tmpdir(),
  });
  const written: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => written.push(String(text)));
  const log = () => written.join('');
  await waitForPong(place, child, log);
  const kill = () => void child.kill('SIGKILL');
  return { place, connect: () => openRelay(place), log, stop: () => stopChild(child), kill };
}

function optionsOf({ host }: RelayPlace): readonly string[] {
  return [
    '--config-file=none',
    '--table=-1',
    '--foreground',
    '--log-stderr',
    '--log-level=5',
    '--num-threads=2',
    `--interface=${host}`,
    `--listen-ng=${host}:2223`,
    `--listen-tcp-ng=${host}:2223`,
    `--listen-cli=${host}:2224`,
    '--port-min=20000',
    '--port-max=39999',
  ];
}

async function waitForPong(place: RelayPlace, child: ChildProcess, log: () => string): Promise<void> {
  const ng = connectNg({ host: place.host, port: place.ngPort, transport: 'udp' });
  try {
    for (let tries = 0; tries < 100; tries += 1) {
      if (child.exitCode !== null) throw new Error(`rtpengine ended with ${child.exitCode}:\n${log()}`);
      const answered = await ping(ng, { timeoutMs: 100 }).then(
        () => true,
        () => false,
      );
      if (answered) return;
      await sleep(20);
    }
    await stopChild(child);
    throw new Error(`rtpengine does not answer on ${place.host}:\n${log()}`);
  } finally {
    ng.close();
  }
}

function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const hard = setTimeout(() => child.kill('SIGKILL'), 5_000);
    child.once('exit', () => {
      clearTimeout(hard);
      resolve();
    });
    child.kill('SIGTERM');
  });
}
