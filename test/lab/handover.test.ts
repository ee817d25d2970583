/**
 * Live calls go from one real RTPEngine to another: two hosts as network namespaces with an address that moves between
 * them, a real Redis, callers that count every packet, and a hand-over that is killed on the way and run again.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { CallLine } from '../../rollout/report/call-lines.ts';
import { commandOf, findRtpengines, type RtpengineTree } from '../support/rtpengine.ts';

const HOSTS = { outside: '10.99.7.1', giver: '10.99.7.11', taker: '10.99.7.12' } as const;
type Host = keyof typeof HOSTS;
/** What the calls are told, for media and ng. */
const ADDRESS = '10.99.7.50';
const folder = mkdtempSync(join(tmpdir(), 'rtpfleet-handover-'));
const children: ChildProcess[] = [];
const namespaces = new Map<Host, number>();

/** A namespace lives as long as this process of it, so nothing stays behind. */
async function openNamespace(host: Host): Promise<void> {
  const holder = spawn('unshare', ['--net', 'sleep', 'infinity'], { stdio: 'ignore' });
  children.push(holder);
  const pid = holder.pid ?? 0;
  const own = execFileSync('readlink', ['/proc/self/ns/net'], { encoding: 'utf8' });
  await vi.waitFor(() => {
    expect(execFileSync('readlink', [`/proc/${pid}/ns/net`], { encoding: 'utf8' })).not.toBe(own);
  });
  namespaces.set(host, pid);
  within(host, 'ip', 'link', 'set', 'lo', 'up');
}

function into(host: Host): readonly string[] {
  return ['nsenter', `--net=/proc/${namespaces.get(host)}/ns/net`];
}

function within(host: Host, ...command: readonly string[]): void {
  const [program = '', ...args] = [...into(host), ...command];
  execFileSync(program, args, { stdio: 'ignore' });
}

function start(host: Host, command: readonly string[], output: string): ChildProcess {
  const [program = '', ...args] = [...into(host), ...command];
  const script = 'exec "$@" >"$0" 2>&1';
  const child = spawn('sh', ['-c', script, join(folder, output), program, ...args], { cwd: folder });
  children.push(child);
  return child;
}

async function connectHosts(): Promise<void> {
  for (const host of Object.keys(HOSTS) as Host[]) await openNamespace(host);
  within('outside', 'ip', 'link', 'add', 'hub', 'type', 'bridge');
  within('outside', 'ip', 'addr', 'add', `${HOSTS.outside}/24`, 'dev', 'hub');
  within('outside', 'ip', 'link', 'set', 'hub', 'up');
  for (const host of ['giver', 'taker'] as const) {
    const peer = ['peer', 'name', 'eth0', 'netns', String(namespaces.get(host))];
    within('outside', 'ip', 'link', 'add', host, 'type', 'veth', ...peer);
    within('outside', 'ip', 'link', 'set', host, 'master', 'hub', 'up');
    within(host, 'ip', 'addr', 'add', `${HOSTS[host]}/24`, 'dev', 'eth0');
    within(host, 'ip', 'link', 'set', 'eth0', 'up');
    within(host, 'sysctl', '-qw', 'net.ipv4.ip_nonlocal_bind=1');
  }
  within('giver', 'ip', 'addr', 'add', `${ADDRESS}/32`, 'dev', 'eth0');
}

function startRelay(tree: RtpengineTree, host: 'giver' | 'taker', database: number): ChildProcess {
  const own = HOSTS[host];
  const interfaces = host === 'giver' ? [`moves/${ADDRESS}`] : [`stays/${own}`, `moves/${ADDRESS}`];
  const options = [
    ...[
      '--config-file=none',
      '--table=-1',
      '--foreground',
      '--log-stderr',
      '--log-level=5',
      '--num-threads=2',
    ],
    ...interfaces.map((one) => `--interface=${one}`),
    ...[`--listen-ng=${ADDRESS}:22222`, `--listen-tcp-ng=${own}:22222`, `--listen-cli=${own}:9900`],
    ...['--port-min=30000', '--port-max=30999', '--delete-delay=2', '--pidfile=/dev/null'],
    ...[`--redis=${HOSTS.outside}:7999/${database}`, '--subscribe-keyspace=15'],
  ];
  return start(host, [...commandOf(tree.root), ...options], `${host}.log`);
}

/** What a network does when an address moves: it is gone there, it is here, and everybody knows. */
function writeMover(): string {
  const file = join(folder, 'move-address');
  const enter = (address: string) => {
    const host = address === HOSTS.giver ? 'giver' : 'taker';
    return `${address}) echo ${into(host).join(' ')} ;;`;
  };
  const lines = [
    '#!/bin/sh',
    `of() { case $1 in ${enter(HOSTS.giver)} ${enter(HOSTS.taker)} esac; }`,
    '$(of "$3") ip addr del "$1/32" dev eth0 2>/dev/null',
    '$(of "$2") ip addr add "$1/32" dev eth0 2>/dev/null',
    `${into('outside').join(' ')} ip neigh flush to "$1"`,
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  chmodSync(file, 0o755);
  return file;
}

const redis = (...args: readonly string[]) => {
  const [program = '', ...rest] = [
    ...into('outside'),
    'redis-cli',
    '-h',
    HOSTS.outside,
    '-p',
    '7999',
    ...args,
  ];
  return execFileSync(program, rest, { encoding: 'utf8' }).trim();
};

const [TREE] = findRtpengines().toReversed();
const relays: Partial<Record<Host, ChildProcess>> = {};

/** An RTPEngine that is ready watches a database. */
async function untilReady(relays: number): Promise<void> {
  const watching = () =>
    redis('client', 'list', 'type', 'pubsub')
      .split('\n')
      .filter((line) => line !== '');
  await vi.waitFor(() => expect(watching()).toHaveLength(relays), { timeout: 20_000, interval: 100 });
}

beforeAll(async () => {
  if (TREE === undefined) throw new Error('rtpengine-daemon is not installed');
  await connectHosts();
  const options = ['--protected-mode', 'no', '--save', '', '--notify-keyspace-events', 'KEA'];
  start('outside', ['redis-server', '--port', '7999', '--bind', HOSTS.outside, ...options], 'redis.log');
  await vi.waitFor(() => expect(redis('ping')).toBe('PONG'), { timeout: 10_000 });
  relays.giver = startRelay(TREE, 'giver', 5);
  relays.taker = startRelay(TREE, 'taker', 6);
  await untilReady(2);
}, 60_000);

afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await sleep(200);
  rmSync(folder, { recursive: true, force: true });
});

function handover(from: Host, to: Host, move: string) {
  const command = [
    ...[
      process.execPath,
      join(process.cwd(), 'rollout/cli.ts'),
      'handover',
      HOSTS[from],
      HOSTS[to],
      '--json',
    ],
    ...['--address', ADDRESS, '--move', move, '--redis', `${HOSTS.outside}:7999`, '--through', '7'],
    ...['--version', TREE?.version ?? '', '--patience-seconds', '5'],
  ];
  const [program = '', ...args] = [...into('outside'), ...command];
  return execa(program, args, { reject: false });
}

async function handedOver(from: Host, to: Host, move: string): Promise<unknown> {
  const { exitCode, stderr, stdout } = await handover(from, to, move);
  expect(`${stderr}${exitCode}`).toBe('0');
  return JSON.parse(stdout.split('\n').at(-1) ?? '{}') as unknown;
}

function startCalls(): ChildProcess {
  const program = [process.execPath, join(process.cwd(), 'lab/calls/main.ts')];
  const where = ['--relays', `${ADDRESS}:22222`, '--from', HOSTS.outside, '--json'];
  const what = ['--rate', '0.01', '--at-least', '10', '--seconds', '60-90', '--reinvites', '1'];
  return start('outside', [...program, ...where, ...what], 'calls.jsonl');
}

test('calls outlive their RTPEngine: to another host, killed on the way, and back to its successor', async () => {
  if (TREE === undefined) throw new Error('rtpengine-daemon is not installed');
  const move = writeMover();
  const caller = startCalls();
  const kept = (database: string) => Number(redis('-n', database, 'dbsize'));
  await vi.waitFor(() => expect(kept('5')).toBeGreaterThanOrEqual(10), { timeout: 20_000 });
  caller.kill('SIGTERM');
  // One more may just have been on its way.
  await sleep(500);
  const calls = kept('5');
  const killed = handover('giver', 'taker', move);
  for await (const line of killed) if (line.includes('"copied"')) killed.kill('SIGKILL');
  expect((await killed).signal).toBe('SIGKILL');
  const there = await handedOver('giver', 'taker', move);
  expect(there).toMatchObject({ kind: 'done', calls });
  for (const database of ['5', '7']) expect(kept(database)).toBe(0);
  relays.giver?.kill('SIGKILL');
  await untilReady(1);
  startRelay(TREE, 'giver', 5);
  await untilReady(2);
  const back = await handedOver('taker', 'giver', move);
  expect(back).toMatchObject({ kind: 'done', calls });
  for (const database of ['6', '7']) expect(kept(database)).toBe(0);
  // A second signal hangs up: each BYE has to find its call at the successor.
  caller.kill('SIGTERM');
  const summary = await summaryOf(caller);
  process.stdout.write(
    `handover ${TREE.version}: ${JSON.stringify({ there, back })}; callers: ${JSON.stringify(summary)}\n`,
  );
  expect(summary).toMatchObject({ kind: 'summary', calls, cut: 0 });
}, 120_000);

async function summaryOf(caller: ChildProcess): Promise<CallLine | undefined> {
  if (caller.exitCode === null) await new Promise((resolve) => caller.once('exit', resolve));
  const lines = readFileSync(join(folder, 'calls.jsonl'), 'utf8').trim().split('\n');
  return JSON.parse(lines.at(-1) ?? '{}') as CallLine;
}
