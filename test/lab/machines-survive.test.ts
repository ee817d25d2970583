import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { cleanUp } from '../../lab/cleanup.ts';
import { isRunning, type LabFile, readLab, recordedLab, writeLab } from '../../lab/lab-file.ts';
import { addressIn, labNames } from '../../lab/names.ts';
import type { MachineSpec } from '../../lab/ports.ts';
import { startLab } from '../../lab/start.ts';
import { connectRedis } from '../../rollout/adapters/redis.ts';
import { guestImage } from '../support/guest-image.ts';
import { inMachine, type Machinery, newLabFolder, openMachinery } from '../support/lab-machinery.ts';

const CLI = join(import.meta.dirname, '../../lab/cli.ts');

/** `lab …` as a user calls it; never rejects. */
async function lab(folder: string, ...args: readonly string[]) {
  const env = { RTPFLEET_LAB: folder };
  const done = await execa(process.execPath, [CLI, ...args], { env, reject: false, all: true });
  return { exitCode: done.exitCode, out: done.stdout, err: done.stderr };
}

/** Everything on this host that names the lab of `folder`. */
async function traces(folder: string): Promise<readonly string[]> {
  const { id } = labNames(folder);
  const mounts = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n');
  const listed = await Promise.all([
    execa('ip', ['netns', 'list']),
    execa('ip', ['-oneline', 'link']),
    execa('losetup', ['--all']),
    execa('find', ['/sys/fs/cgroup', '/run/systemd/nspawn', '-name', `${id}*`], { reject: false }),
    execa('ps', ['-eo', 'args']),
  ]);
  const lines = [...mounts, ...listed.flatMap(({ stdout }) => stdout.split('\n'))];
  const found = lines.filter((line) => line.includes(id) || line.includes(folder));
  return existsSync(folder) ? [...found, folder] : found;
}

/** Of a lab whose daemon ended. */
const RECORD: LabFile = {
  ...{
    version: 1,
    folder: '',
    id: 'rf00000000',
    project: 'lab-test',
    endpoint: 'http://127.0.0.1:1',
    port: 1,
  },
  ...{ daemon: { pid: 1, startTime: '0', boot: '' }, range: '', gateway: '' },
};

const specOf = (range: string): MachineSpec => ({
  ...{ id: '7000000000000000002', name: 'relay-1', zone: 'z-a' },
  ...{ address: addressIn(range, 21), imageId: 'guest' },
});

let folder: string;
beforeEach(async () => {
  folder = await newLabFolder();
});
afterEach(async () => {
  await cleanUp(folder);
  await rm(folder, { recursive: true, force: true });
});

describe('the lab', () => {
  test('comes up with an endpoint that answers, a second `up` says so, and `down` leaves no trace', async () => {
    const up = await lab(folder, 'up');
    expect(up).toMatchObject({ exitCode: 0, err: '' });
    const { endpoint, gateway } = await readLab(folder);
    expect((await fetch(`${endpoint}/compute/v1/projects/rtpfleet-lab/zones`)).status).toBe(200);
    expect((await execa('ip', ['address'])).stdout).toContain(`${gateway}/24`);
    const again = await lab(folder, 'up');
    expect(again).toMatchObject({ exitCode: 0, out: expect.stringContaining('up already') });
    expect((await lab(folder, 'down')).exitCode).toBe(0);
    expect(await traces(folder)).toEqual([]);
    expect(await lab(folder, 'down')).toMatchObject({ exitCode: 0, out: expect.stringContaining('no lab') });
  });

  test('two starts at once make one lab', async () => {
    const both = await Promise.allSettled([startLab({ folder }), startLab({ folder })]);
    const codes = both.map((one) => (one.status === 'fulfilled' ? one.value.how : one.reason.code));
    expect(codes.toSorted()).toEqual(['lab-starting', 'started']);
  });

  test('two labs side by side know nothing of each other', async () => {
    const other = await newLabFolder();
    try {
      const [one, two] = await Promise.all([startLab({ folder }), startLab({ folder: other })]);
      expect(one.lab.range).not.toBe(two.lab.range);
      expect(one.lab.port).not.toBe(two.lab.port);
      await cleanUp(other);
      expect(await traces(other)).toEqual([]);
      expect((await fetch(`${one.lab.endpoint}/compute/v1/projects/rtpfleet-lab/zones`)).status).toBe(200);
    } finally {
      await cleanUp(other);
      await rm(other, { recursive: true, force: true });
    }
  });

  test('interrupted while it starts, it leaves no trace', async () => {
    const abort = new AbortController();
    const starting = startLab({ folder, abort: abort.signal });
    const refused = expect(starting).rejects.toMatchObject({ kind: 'interrupted' });
    await expect
      .poll(() => existsSync(join(folder, 'daemon.json')), { timeout: 20_000, interval: 5 })
      .toBe(true);
    abort.abort();
    await refused;
    expect(await traces(folder)).toEqual([]);
  });

  test('whose daemon was killed is resumed with the same endpoint', async () => {
    const { lab: first } = await startLab({ folder });
    process.kill(first.daemon.pid, 'SIGKILL');
    await expect.poll(() => isRunning(first)).toBe(false);
    await expect(readLab(folder)).rejects.toMatchObject({ code: 'lab-down' });
    expect((await lab(folder, 'status')).out).toContain('does not run');
    const resumed = await startLab({ folder });
    expect(resumed.how).toBe('resumed');
    expect(resumed.lab.endpoint).toBe(first.endpoint);
  });

  test('a start that was cut off before the lab was recorded is cleaned up by the next', async () => {
    const { lab: first } = await startLab({ folder });
    process.kill(first.daemon.pid, 'SIGKILL');
    await rm(join(folder, 'lab.json'));
    expect((await startLab({ folder })).how).toBe('started');
  });
});

describe('what `up` refuses, with exit code 2 and one sentence', () => {
  const refusal = async (...args: readonly string[]): Promise<string> => {
    const up = await lab(folder, 'up', ...args);
    expect(up.exitCode).toBe(2);
    expect(up.err).not.toContain('    at ');
    return up.err;
  };

  test('a port that is taken', async () => {
    const other = await newLabFolder();
    try {
      const { lab: running } = await startLab({ folder: other });
      expect(await refusal('--port', String(running.port))).toContain(`Port ${running.port}`);
      expect(await refusal('--range', running.range)).toContain(`Range ${running.range} is taken`);
      expect(await traces(folder)).toEqual([folder]);
    } finally {
      await cleanUp(other);
      await rm(other, { recursive: true, force: true });
    }
  });

  test('a network device of its name that it did not make', async () => {
    const { id } = labNames(folder);
    await execa('ip', ['link', 'add', id, 'type', 'bridge']);
    try {
      expect(await refusal()).toContain(`network device ${id}`);
      expect((await execa('ip', ['link', 'show', id])).exitCode).toBe(0);
    } finally {
      await execa('ip', ['link', 'del', id]);
    }
  });

  test("a folder that has other things in it, which `down` doesn't touch either", async () => {
    await writeFile(join(folder, 'precious'), '');
    expect(await refusal()).toContain("is not a lab's");
    await lab(folder, 'down');
    expect(existsSync(join(folder, 'precious'))).toBe(true);
  });

  test('a path that overlayfs cannot take', async () => {
    const odd = await lab(join(folder, 'a,b'), 'up');
    expect([odd.exitCode, odd.err]).toEqual([2, expect.stringContaining('comma')]);
  });

  test('other settings than those of the lab that runs', async () => {
    await startLab({ folder });
    expect(await refusal('--project', 'another-one')).toContain('has project rtpfleet-lab');
  });

  test('a user who is not root, and a host that lacks programs', async () => {
    const env = { RTPFLEET_LAB: folder };
    const asNobody = ['--reuid=65534', '--clear-groups', process.execPath, CLI, 'up'];
    const nobody = () => execa('setpriv', asNobody, { env, reject: false });
    expect(await nobody()).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('Only root may read'),
    });
    await chmod(folder, 0o755);
    expect(await nobody()).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('needs root') });
    const bare = join(folder, 'no-programs');
    await mkdir(bare);
    await rm(bare, { recursive: true });
    const poor = await execa(process.execPath, [CLI, 'up'], { env: { ...env, PATH: bare }, reject: false });
    expect(poor.exitCode).toBe(2);
    expect(poor.stderr).toMatch(/needs systemd-nspawn.*apt-get install/s);
  });

  test('unknown commands, options and values', async () => {
    for (const args of [
      ['upp'],
      ['up', '--prot', '1'],
      ['up', '--port', 'x'],
      ['up', '--range', '10.1.1.0/8'],
    ])
      expect((await lab(folder, ...args)).exitCode).toBe(2);
    expect((await lab(folder, 'status')).out).toContain('There is no lab');
    expect(await lab(folder, 'env')).toMatchObject({ exitCode: 2, out: '' });
    expect((await lab(folder, 'console', 'relay-1')).exitCode).toBe(2);
  });
});

describe('machines', () => {
  let machinery: Machinery;
  let spec: MachineSpec;
  beforeEach(async () => {
    const archive = await guestImage('trixie');
    machinery = await openMachinery(folder);
    spec = specOf(machinery.network.range);
    await machinery.images.importDisk('guest', archive);
    await machinery.machines.boot(spec);
  });
  afterEach(() => machinery.close());

  test('are taken over, with their Redis, by another daemon, which can stop them', async () => {
    const redis = await machinery.redis.start('calls');
    await machinery.close();
    const next = await openMachinery(folder);
    try {
      expect(await next.machines.state(spec.id)).toBe('running');
      expect((await inMachine(folder, spec.id, 'hostname')).out).toBe('relay-1');
      expect(await next.redis.start('calls')).toEqual(redis);
      await next.machines.destroy(spec.id);
      expect(await next.machines.state(spec.id)).toBe('stopped');
    } finally {
      await next.close();
    }
  });

  test('are shown by status, entered by exec and printed by console, also while no daemon runs', async () => {
    await writeLab({ ...RECORD, folder, id: labNames(folder).id, range: machinery.network.range });
    const status = JSON.parse((await lab(folder, 'status', '--json')).out);
    expect(status).toMatchObject({ state: 'stopped', machines: [{ name: 'relay-1', state: 'running' }] });
    expect((await lab(folder, 'exec', 'relay-1', '--', 'hostname')).out).toBe('relay-1');
    expect((await lab(folder, 'ssh', spec.id, '--', 'sh', '-c', 'exit 7')).exitCode).toBe(7);
    expect((await lab(folder, 'console', 'z-a/relay-1')).out).toContain('Detected virtualization');
    expect(await lab(folder, 'exec', 'rely-1', 'true')).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining('Did you mean relay-1?'),
    });
    await machinery.machines.stop(spec.id, 0);
    expect(await lab(folder, 'exec', 'relay-1', 'true')).toMatchObject({ exitCode: 2 });
  });

  test('whose supervisor is killed are unknown, not stopped, until they are destroyed', async () => {
    const record = JSON.parse(await readFile(join(folder, `machines/${spec.id}/machine.json`), 'utf8'));
    process.kill(record.supervisor.pid, 'SIGKILL');
    await expect.poll(() => machinery.machines.state(spec.id)).toBe('unknown');
    await machinery.machines.destroy(spec.id);
    expect(await machinery.machines.state(spec.id)).toBe('stopped');
  });

  test('that power off by themselves are stopped, and boot again', async () => {
    const powerOff = () => inMachine(folder, spec.id, 'systemctl', 'poweroff');
    await vi.waitFor(async () => expect((await powerOff()).exitCode).toBe(0), 20_000);
    await expect.poll(() => machinery.machines.state(spec.id), { timeout: 30_000 }).toBe('stopped');
    await machinery.machines.boot(spec);
    expect(await machinery.machines.state(spec.id)).toBe('running');
  });

  test('can have the address of one that was destroyed at once', async () => {
    await machinery.machines.destroy(spec.id);
    await machinery.machines.boot({ ...spec, id: '7000000000000000003' });
    expect(await machinery.machines.state('7000000000000000003')).toBe('running');
  });

  test('that cannot boot say why, and leave nothing running', async () => {
    const broken = { ...spec, id: '7000000000000000004', address: addressIn(machinery.network.range, 22) };
    const upper = join(folder, `machines/${broken.id}/upper`);
    await mkdir(upper, { recursive: true });
    await execa('mknod', [join(upper, 'usr'), 'c', '0', '0']);
    await expect(machinery.machines.boot(broken)).rejects.toMatchObject({ code: 'machine-boot' });
    expect(await machinery.machines.state(broken.id)).toBe('stopped');
    await expect(machinery.machines.boot({ ...broken, imageId: 'none' })).rejects.toMatchObject({
      code: 'no-image',
    });
  });

  test('and all that a killed daemon left are removed by `down`', async () => {
    await machinery.redis.start('calls', { config: { 'notify-keyspace-events': 'KEA' } });
    await machinery.close();
    expect((await lab(folder, 'down')).exitCode).toBe(0);
    expect(await traces(folder)).toEqual([]);
  });
});

test('a managed Redis answers from the host with its settings, and leaves with its address', async () => {
  const { network, redis, close } = await openMachinery(folder);
  const { host, port } = await redis.start('calls', { config: { 'notify-keyspace-events': 'KEA' } });
  expect(network.reserved).toContain(host);
  const ask = (...words: readonly string[]) => execa('redis-cli', ['-h', host, '-p', String(port), ...words]);
  expect((await ask('config', 'get', 'notify-keyspace-events')).stdout).toContain('AKE');
  expect((await ask('set', 'a', 'b')).stdout).toBe('OK');
  await expect(redis.start('bad', { config: { dir: '/etc' } })).rejects.toMatchObject({
    code: 'redis-config',
  });
  await redis.stop('calls');
  await redis.stop('calls');
  await expect(ask('-t', '1', 'ping')).rejects.toBeDefined();
  await close();
});

test('a managed Redis with TLS speaks nothing else, to a rollout that trusts its authority', async () => {
  const { redis, close } = await openMachinery(folder);
  const wish = { config: { 'notify-keyspace-events': 'KEA' }, password: 'hush', tls: true };
  const { host, port, authority = '' } = await redis.start('calls', wish);
  const place = { host, port, database: 6, password: 'hush' };
  const client = await connectRedis({ ...place, tls: { kind: 'own', authorities: authority } });
  expect(await client.configGet('notify-keyspace-events')).toEqual({ 'notify-keyspace-events': 'AKE' });
  client.destroy();
  await expect(connectRedis(place)).rejects.toMatchObject({ code: 'redis-unreachable' });
  expect(await redis.start('calls', wish)).toEqual({ host, port, authority });
  await redis.stop('calls');
  await close();
});

test('a lab.json of another format is nobody’s lab', async () => {
  const odd: Partial<LabFile> & { version: unknown } = { version: 7 } as never;
  await writeFile(join(folder, 'lab.json'), JSON.stringify(odd));
  expect(await recordedLab(folder)).toBeUndefined();
});
