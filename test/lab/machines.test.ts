import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { addressIn, hardwareAddress } from '../../lab/names.ts';
import type { MachineSpec, MetadataTree } from '../../lab/ports.ts';
import { guestImage } from '../support/guest-image.ts';
import {
  destroyMachinery,
  inMachine,
  type Machinery,
  newLabFolder,
  openMachinery,
} from '../support/lab-machinery.ts';

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ2Ynh1cmZsZWV0LXRlc3Qta2V5LW5vdC1yZWFsLWE oncall@example';

const SCRIPT = `#!/bin/sh
curl -sf -X PUT --data-binary "ran on $(hostname)" -H 'Metadata-Flavor: Google' \\
  http://metadata.google.internal/computeMetadata/v1/instance/guest-attributes/test/startup`;

/** The part of GCE's tree that Google's agent reads, with the paths' names as keys. */
function metadata(
  { id, name, zone, address }: MachineSpec,
  attributes: MetadataTree,
  forwarded: readonly string[] = [],
): MetadataTree {
  return {
    instance: {
      ...{ id, name, hostname: `${name}.${zone}.c.lab-test.internal`, zone: `projects/1/zones/${zone}` },
      attributes,
      'network-interfaces': [{ ip: address, mac: hardwareAddress(address), 'forwarded-ips': forwarded }],
    },
    project: { 'project-id': 'lab-test', 'numeric-project-id': 1, attributes: {} },
  };
}

describe.each(['trixie', 'bookworm'] as const)('a machine of Debian %s', (suite) => {
  let lab: Machinery;
  let spec: MachineSpec;
  const say = (...words: readonly string[]) => inMachine(lab.folder, spec.id, ...words);
  beforeAll(async () => {
    const archive = await guestImage(suite);
    lab = await openMachinery(await newLabFolder());
    await lab.images.importDisk('guest', archive);
    const address = addressIn(lab.network.range, 20);
    spec = { id: '7000000000000000001', name: 'relay-1', zone: 'z-a', address, imageId: 'guest' };
    lab.setMetadata(address, metadata(spec, { 'ssh-keys': `oncall:${KEY}`, 'startup-script': SCRIPT }));
    await lab.machines.boot(spec);
  });
  afterAll(async () => {
    if (lab !== undefined) await destroyMachinery(lab);
  });

  test('runs, and gets its address, name, MTU and routes as on GCE', async () => {
    expect(await lab.machines.state(spec.id)).toBe('running');
    await vi.waitFor(async () => expect((await say('ip', 'route')).out).toContain('default via'), 20_000);
    const link = await say('ip', 'address', 'show', 'eth0');
    expect(link.out).toContain(`inet ${spec.address}/24`);
    expect(link.out).toContain('mtu 1460');
    expect(link.out).toContain('link/ether 42:01:0a:');
    expect((await say('hostname')).out).toBe('relay-1');
  });

  test('asks the metadata server by name, and finds itself there', async () => {
    const url = 'http://metadata.google.internal/computeMetadata/v1/instance/name';
    const ask = () => say('curl', '-s', '-H', 'Metadata-Flavor: Google', url);
    await vi.waitFor(async () => expect((await ask()).out).toBe('relay-1'), 20_000);
    expect((await say('curl', '-s', '-o', '/dev/null', '-w', '%{http_code}', url)).out).toBe('403');
  });

  test("Google's own agent makes the user of ssh-keys, and follows a change of metadata", async () => {
    const keys = '/home/oncall/.ssh/authorized_keys';
    await vi.waitFor(async () => expect((await say('cat', keys)).out).toContain(KEY), 30_000);
    lab.setMetadata(
      spec.address,
      metadata(spec, { 'ssh-keys': `oncall:${KEY}\nsecond:${KEY}`, 'startup-script': SCRIPT }),
    );
    await vi.waitFor(async () => expect((await say('id', 'second')).exitCode).toBe(0), 30_000);
  });

  test('runs the startup-script, whose guest attribute arrives', async () => {
    await vi.waitFor(() => expect(lab.guestAttributes.get('test/startup')).toBe('ran on relay-1'), 60_000);
  });

  test('may set what belongs to its own network, and nothing of the host', async () => {
    expect((await say('sysctl', '-w', 'net.ipv4.ip_local_port_range=10000 60000')).exitCode).toBe(0);
    expect((await say('sysctl', '-w', 'kernel.panic=7')).exitCode).not.toBe(0);
  });

  test('is reached from the host, and reaches nothing beyond', async () => {
    await vi.waitFor(async () => expect(await greeting(spec.address, 22)).toMatch(/^SSH-2.0/), 20_000);
    const outside = await say('curl', '-s', '-m', '2', 'http://198.51.100.1/');
    expect(outside.exitCode).not.toBe(0);
  });

  test("has an address that is forwarded to it, by Google's own agent, for as long as it is", async () => {
    const floating = addressIn(lab.network.range, 50);
    const attributes = { 'ssh-keys': `oncall:${KEY}`, 'startup-script': SCRIPT };
    const routes = async () => (await execa('ip', ['route', 'show', 'dev', lab.id])).stdout;
    const own = async () => (await say('ip', 'route', 'show', 'table', 'local', 'type', 'local')).out;
    await lab.network.deliver(new Map([[floating, addressIn(lab.network.range, 21)]]));
    await lab.network.deliver(new Map([[floating, spec.address]]));
    expect(await routes()).toContain(`${floating} via ${spec.address} `);
    lab.setMetadata(spec.address, metadata(spec, attributes, [floating]));
    await vi.waitFor(async () => expect(await greeting(floating, 22)).toMatch(/^SSH-2.0/), 30_000);
    lab.setMetadata(spec.address, metadata(spec, attributes));
    await vi.waitFor(async () => expect(await own()).not.toContain(floating), 30_000);
    await lab.network.deliver(new Map());
    expect(await routes()).not.toContain(floating);
  });

  test('prints its boot on the serial port, which can be read on from where one was', async () => {
    await vi.waitFor(
      async () => expect((await lab.machines.console(spec.id, 0)).contents).toContain('login:'),
      30_000,
    );
    const { next } = await lab.machines.console(spec.id, 0);
    expect(await lab.machines.console(spec.id, next)).toEqual({ contents: '', next });
  });

  test('shuts down in order, keeps its disk, and boots again', async () => {
    await say('touch', '/var/lib/kept');
    await lab.machines.stop(spec.id, 60_000);
    expect(await lab.machines.state(spec.id)).toBe('stopped');
    expect((await lab.machines.console(spec.id, 0)).contents).toMatch(/Halting system|Powering off/);
    await lab.machines.boot(spec);
    expect((await say('ls', '/var/lib/kept')).exitCode).toBe(0);
  });

  test('keeps its image from being removed, and leaves nothing when destroyed', async () => {
    await expect(lab.images.remove('guest')).rejects.toMatchObject({ code: 'image-in-use' });
    await lab.machines.destroy(spec.id);
    await lab.machines.destroy(spec.id);
    await lab.images.remove('guest');
    expect(await tracesOf(lab, 'machine')).toEqual([]);
    expect((await execa('losetup', ['--all'])).stdout).not.toContain(lab.folder);
  });
});

/** The first bytes that a TCP server sends. */
function greeting(host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: 2_000 });
    socket.once('data', (data) => resolve(data.toString()));
    socket.once('timeout', () => reject(new Error(`${host}:${port} is silent`)));
    socket.once('error', reject);
    socket.once('data', () => socket.destroy());
  });
}

/** Everything on the host that names this lab; with `machine`, only what machines leave. */
async function tracesOf(lab: Machinery, what: 'machine' | 'all'): Promise<readonly string[]> {
  const mounted = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n');
  const namespaces = (await execa('ip', ['netns', 'list'])).stdout.split('\n');
  const groups = (await execa('find', ['/sys/fs/cgroup', '-type', 'd', '-path', `*/${lab.id}/*`])).stdout;
  const ours = [...mounted.filter((line) => line.includes(lab.folder)), ...groups.split('\n')];
  const spaces = namespaces.filter((name) => name.startsWith(`${lab.id}-${what === 'machine' ? 'm' : ''}`));
  return [...ours, ...spaces].filter((trace) => trace !== '');
}
