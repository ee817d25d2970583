/** The whole way of an image: built (or taken from the cache), inspected, imported by the lab, started, called through,
 * promoted. Then what the image does as a machine. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startCaller } from '../../lab/calls/caller.ts';
import { cleanUp } from '../../lab/cleanup.ts';
import type { LabFile } from '../../lab/lab-file.ts';
import { startLab } from '../../lab/start.ts';
import { connectGce, type Gce } from '../../lib/gce.ts';
import { query } from '../../lib/ng/commands.ts';
import { probeCall } from '../../lib/probe-call.ts';
import { readMaxSessions } from '../../lib/relay/cordon.ts';
import { openRelay, type Relay } from '../../lib/relay/relay.ts';
import type { CallLine } from '../../rollout/report/call-lines.ts';
import {
  DATABASES,
  type FloatingPair,
  openFloatingPair,
  SEATS,
  type SeatName,
} from '../support/floating-pair.ts';
import { applyKeptCalls, type KeptCalls } from '../support/kept-calls.ts';
import { placeCall } from '../support/live-call.ts';

const ROOT = join(import.meta.dirname, '../..');
const ZONE = 'us-central1-a';
const BASES = [
  { base: 'debian-13', version: 'mr12.5.1.31' },
  { base: 'debian-12', version: 'mr10.5.3.5' },
] as const;

const folder = mkdtempSync(join(tmpdir(), 'rtpfleet-image-lab-'));
let lab: LabFile;
let gce: Gce;

beforeAll(async () => {
  ({ lab } = await startLab({ folder }));
  gce = await connectGce({ project: lab.project, endpoint: lab.endpoint });
});
afterAll(async () => {
  await gce?.close();
  await cleanUp(folder);
});

async function build(base: string, version: string) {
  const words = ['--base', base, '--version', version, '--endpoint', lab.endpoint, '--json'];
  const { stdout } = await execa(process.execPath, ['image-builder/cli.ts', 'build', ...words], {
    cwd: ROOT,
  });
  return JSON.parse(stdout);
}

/** Runs a shell command in a machine of the lab. */
async function inMachine(name: string, command: string): Promise<string> {
  const words = ['lab/cli.ts', 'exec', name, 'sh', '-c', command];
  const env = { RTPFLEET_LAB: folder };
  return (await execa(process.execPath, words, { cwd: ROOT, env, reject: false })).stdout;
}

async function start(
  name: string,
  image: string,
  metadata: Readonly<Record<string, string>>,
): Promise<string> {
  const items = Object.entries({ 'enable-guest-attributes': 'TRUE', ...metadata }).map(([key, value]) => ({
    key,
    value,
  }));
  const instanceResource = {
    name,
    machineType: `zones/${ZONE}/machineTypes/e2-small`,
    disks: [{ boot: true, autoDelete: true, initializeParams: { sourceImage: `global/images/${image}` } }],
    networkInterfaces: [{ network: 'global/networks/default' }],
    metadata: { items },
  };
  await gce.done(await gce.call('instances', 'insert', { zone: ZONE, instanceResource }));
  await eventually(async () => (await inMachine(name, 'systemctl is-active rtpengine-daemon')) === 'active');
  await inMachine(name, 'systemctl is-system-running --wait');
  const { networkInterfaces } = await gce.call('instances', 'get', { zone: ZONE, instance: name });
  return networkInterfaces?.[0]?.networkIP ?? '';
}

async function eventually(condition: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 120; tries++) {
    if (await condition()) return;
    await sleep(250);
  }
  throw new Error('it never came true');
}

function relayAt(host: string): Relay {
  return openRelay({ name: host, host, ngPort: 22222, cliPort: 9900 });
}

describe.each(BASES)('an image of $version on $base', ({ base, version }) => {
  let image: string;
  let result: Awaited<ReturnType<typeof build>>;

  beforeAll(async () => {
    result = await build(base, version);
    image = result.image;
  });

  test('is accepted by a call with all its RTP, and promoted', async () => {
    expect(result.publication).toMatchObject({
      state: 'promoted',
      acceptance: { packets: { sent: 50, receivedA: 50, receivedB: 50 } },
    });
    const promoted = await gce.call('images', 'getFromFamily', { family: 'rtpengine-lab' });
    expect(promoted.name).toBe(image);
    const machines = await gce.call('instances', 'list', { zone: ZONE });
    expect(machines.filter(({ name }) => name?.startsWith('rtpfleet-accept'))).toEqual([]);
  });

  test('is not made a second time', async () => {
    expect(await build(base, version)).toMatchObject({
      archiveState: 'cached',
      publication: { state: 'already' },
    });
  });

  describe('as a machine', () => {
    const name = `relay-${base}`;
    let relay: Relay;

    beforeAll(async () => {
      relay = relayAt(await start(name, image, {}));
    });
    afterAll(() => relay?.close());

    test('comes up with no failed unit, its own identity and its own host keys', async () => {
      expect(await inMachine(name, 'systemctl --failed --no-legend --plain')).toBe('');
      expect(await inMachine(name, 'cat /etc/machine-id')).toMatch(/^[0-9a-f]{32}$/);
      expect(await inMachine(name, 'ls /etc/ssh/ssh_host_ed25519_key')).toBe('/etc/ssh/ssh_host_ed25519_key');
      expect(await inMachine(name, 'hostname')).toBe(name);
    });

    test('runs RTPEngine as an ordinary user, healthy, and has admitted itself', async () => {
      expect(await inMachine(name, 'ps -o user= -C rtpengine')).toBe('rtpengine');
      expect(JSON.parse(await inMachine(name, 'rtpfleet-health'))).toMatchObject({ ok: true });
      await eventually(async () => (await readMaxSessions(relay)) === -1);
    });

    test('has its tuning in force, and says of each setting what a container cannot show', async () => {
      const tuning = JSON.parse(await inMachine(name, 'rtpfleet-tuning'));
      expect(tuning).toMatchObject({ ok: true, container: 'systemd-nspawn' });
      const states = new Map<string, string>(
        tuning.parameters.map((reading: { name: string; state: string }) => [reading.name, reading.state]),
      );
      for (const own of [
        'net.ipv4.ip_local_port_range',
        'net.ipv4.ip_local_reserved_ports',
        'net.ipv4.conf.all.rp_filter',
      ])
        expect([own, states.get(own)]).toEqual([own, 'in-force']);
      expect(states.get('kernel.sched_latency_ns')).toBe('gone');
      expect(['hidden', 'host', 'in-force']).toContain(states.get('net.core.rmem_max'));
      expect([...states.values()]).not.toContain('differs');
    });

    test('keeps RTPEngine to what it needs', async () => {
      const score = await inMachine(
        name,
        'systemd-analyze security --no-pager rtpengine-daemon.service | tail -n 1',
      );
      expect(Number(/: ([0-9.]+) /.exec(score)?.[1])).toBeLessThanOrEqual(2.5);
    });

    test('rotates its log files under a call, which loses nothing, and goes on writing', async () => {
      expect(await inMachine(name, 'logrotate -d /etc/logrotate.conf 2>&1 | grep -i error')).toBe('');
      const probe = { localAddress: lab.gateway, packets: 100, relay: 'admitted' } as const;
      const cdrHas = async (callId: string) =>
        (await inMachine(name, 'cat /var/log/rtpengine/rtpengine-cdr.log')).includes(callId);
      // At its usual level RTPEngine says nothing of a call that goes well.
      await relay.cli('set loglevel 6');
      const first = await probeCall(relay.ng, { ...probe, packets: 10 });
      await eventually(() => cdrHas(first.callId));
      const before = await inMachine(name, 'stat -c %i /var/log/rtpengine/rtpengine-cdr.log');
      const [call] = await Promise.all([
        probeCall(relay.ng, probe),
        sleep(500).then(() => inMachine(name, 'logrotate -f /etc/logrotate.d/rtpfleet')),
      ]);
      expect(call).toMatchObject({ ok: true, receivedA: 100, receivedB: 100 });
      await eventually(() => cdrHas(call.callId));
      expect(await cdrHas(first.callId)).toBe(false);
      expect(await inMachine(name, 'stat -c %i /var/log/rtpengine/rtpengine-cdr.log')).not.toBe(before);
      expect(await inMachine(name, 'cat /var/log/rtpengine/rtpengine.log')).toContain(call.callId);
    });

    test('starts RTPEngine again after a crash, and admits itself again', async () => {
      const before = await inMachine(name, 'pidof rtpengine');
      await inMachine(name, 'kill -9 $(pidof rtpengine)');
      await eventually(async () => !['', before].includes(await inMachine(name, 'pidof rtpengine')));
      await eventually(async () => (await readMaxSessions(relay).catch(() => 0)) === -1);
    });

    test('says that it is not healthy when RTPEngine does not answer', async () => {
      await inMachine(name, 'kill -STOP $(pidof rtpengine)');
      const health = JSON.parse(await inMachine(name, 'rtpfleet-health'));
      await inMachine(name, 'kill -CONT $(pidof rtpengine)');
      expect(health.ok).toBe(false);
      expect(health.checks).toContainEqual({
        name: 'ng',
        ok: false,
        detail: expect.stringContaining('no pong'),
      });
    });

    test('left to a controller, stays cordoned and still says how it is', async () => {
      const other = `cordoned-${base}`;
      const cordoned = relayAt(await start(other, image, { 'rtpfleet-admission': 'controller' }));
      try {
        const told = () =>
          gce.call('instances', 'getGuestAttributes', {
            zone: ZONE,
            instance: other,
            queryPath: 'rtpfleet/',
          });
        await eventually(
          async () => ((await told().catch(() => undefined))?.queryValue?.items ?? []).length === 3,
        );
        const items = new Map((await told()).queryValue?.items?.map(({ key, value }) => [key, value]));
        expect(items.get('version')).toBe(version);
        expect(JSON.parse(items.get('health') ?? '')).toMatchObject({ ok: true });
        expect(await readMaxSessions(cordoned)).toBe(0);
      } finally {
        cordoned.close();
      }
    });
  });
});

describe('the only relay of a fleet, which keeps its calls in a Redis with a password', () => {
  let fleet: KeptCalls;
  let relay: Relay;
  beforeAll(async () => {
    const { image } = await build(BASES[0].base, BASES[0].version);
    fleet = await applyKeptCalls(lab, ZONE, image);
    relay = relayAt(fleet.address);
    await eventually(async () => (await readMaxSessions(relay).catch(() => 0)) === -1);
  });
  afterAll(() => relay?.close());

  test('reads the password at boot with its own token, and has each call in Redis while it is up', async () => {
    const call = await placeCall(relay.ng, lab.gateway);
    expect(await fleet.keys(fleet.password)).toEqual([call.callId]);
    await expect(fleet.keys(undefined)).rejects.toThrow('NOAUTH');
    await call.hangUp();
    expect(call.missing()).toBe(0);
  });

  test('has its calls again after RTPEngine crashed, and their speech arrives', async () => {
    const call = await placeCall(relay.ng, lab.gateway);
    const before = await inMachine(fleet.name, 'pidof rtpengine');
    await inMachine(fleet.name, 'kill -9 $(pidof rtpengine)');
    await eventually(async () => !['', before].includes(await inMachine(fleet.name, 'pidof rtpengine')));
    const known = async () => (await query(relay.ng, call.callId).catch(() => undefined))?.kind;
    await eventually(async () => !['unknown-call', undefined].includes(await known()));
    const [lost, sent] = [call.missing(), call.sent()];
    await sleep(1_000);
    await call.hangUp();
    expect(call.sent() - sent).toBeGreaterThan(20);
    // Fewer, where some were on their way.
    expect(call.missing()).toBeLessThanOrEqual(lost);
  });

  test('tells the password to nobody: not in metadata, logs, outputs or arguments, only in what RTPEngine reads', async () => {
    const { name, password } = fleet;
    const secret = `projects/${lab.project}/secrets/kept-redis/versions/latest`;
    expect(fleet.outputs).toMatchObject({ redis: { secret } });
    expect(JSON.stringify(fleet.outputs)).not.toContain(password);
    // The lab's own Secret Manager and Redis are all of its files that know it: no metadata, console, log or disk of a machine.
    expect(fleet.filesWithPassword()).toEqual([
      './redis/us-central1-kept-redis/secrets.conf',
      './state.json',
    ]);
    const seen = `curl -s -H 'Metadata-Flavor: Google' 'http://169.254.169.254/computeMetadata/v1/?recursive=true'; ps -C rtpengine -o args=; cat /proc/[0-9]*/environ; journalctl --no-pager`;
    expect(await inMachine(name, `(${seen}) | tr '\\0' ' ' | grep -cF -- ${password}`)).toBe('0');
    const files = await inMachine(
      name,
      `grep -rlsF -- ${password} /etc /home /root /run /tmp /usr/lib/rtpfleet /var`,
    );
    expect(files).toBe('/run/rtpfleet/rtpengine.conf');
    expect(await inMachine(name, `stat -c '%A %U %G' ${files}`)).toBe('-rw-r----- root rtpengine');
  });
});

describe('two relays with floating addresses', () => {
  const hosts = { 'seat-0': '', 'seat-1': '' };
  let image: string;
  let pair: FloatingPair;
  beforeAll(async () => {
    ({ image } = await build(BASES[0].base, BASES[0].version));
    pair = await openFloatingPair(lab, gce, ZONE);
    await Promise.all(
      SEATS.map(async (name) => {
        hosts[name] = await start(name, image, pair.metadataOf(name));
        await pair.deliver(name);
      }),
    );
    for (const name of SEATS) await untilLocal(name, pair.floating[name]);
  });
  afterAll(() => pair?.close());

  /** Google's agent in the machine has made the address its own. */
  async function untilLocal(name: SeatName, address: string): Promise<void> {
    const own = `ip route show table local type local | grep -cF 'local ${address} '`;
    await eventually(async () => (await inMachine(name, own)) === '1');
  }

  test('are healthy, in tune, and answer ng at their own address and at the floating one', async () => {
    for (const name of SEATS) {
      const health = JSON.parse(await inMachine(name, 'rtpfleet-health'));
      expect(health).toMatchObject({ ok: true });
      expect(health.checks).toContainEqual(expect.objectContaining({ name: 'floating', ok: true }));
      expect(await inMachine(name, 'cat /proc/sys/net/ipv4/ip_nonlocal_bind')).toBe('1');
      for (const host of [hosts[name], pair.floating[name]])
        await vi.waitFor(() => probeAt(host), { timeout: 20_000 });
    }
  });

  /** A call with media through the relay that has this address. */
  async function probeAt(host: string): Promise<void> {
    const relay = relayAt(host);
    try {
      const call = await probeCall(relay.ng, { localAddress: lab.gateway, packets: 10, relay: 'admitted' });
      expect(call).toMatchObject({ ok: true });
    } finally {
      relay.close();
    }
  }

  const handover = async (from: SeatName, to: SeatName, move: string): Promise<unknown> => {
    const options = ['--address', pair.floating['seat-0'], '--move', move, '--redis', pair.redisPlace];
    const databases = ['--through', String(DATABASES.through), '--version', BASES[0].version, '--json'];
    const words = ['rollout/cli.ts', 'handover', hosts[from], hosts[to], ...options, ...databases];
    const { stdout, stderr, exitCode } = await execa(process.execPath, words, { cwd: ROOT, reject: false });
    expect(`${stderr}${exitCode}`).toBe('0');
    return JSON.parse(stdout.split('\n').at(-1) ?? '{}') as unknown;
  };

  test('carry live calls on when the address goes to the other, and back to the first, which was reset', async () => {
    const lines: CallLine[] = [];
    const caller = await startCaller({
      ...{ relays: [{ host: pair.floating['seat-0'], port: 22222 }], from: lab.gateway },
      ...{ rate: 0.01, atLeast: 5, seconds: [300, 400], reInviteShare: 0, pick: 'turn', seed: 7 },
      emit: (line) => void lines.push(line),
    });
    const talking = () => lines.findLast((line) => line.kind === 'second')?.talking;
    await eventually(async () => talking() === 5 && (await pair.kept('seat-0')) === 5);
    caller.stop();
    // One more may just have been on its way.
    await eventually(async () => (await pair.kept('seat-0')) === talking());
    const calls = await pair.kept('seat-0');
    const move = pair.writeMover(hosts);
    const there = await handover('seat-0', 'seat-1', move);
    expect(there).toMatchObject({ kind: 'done', calls });
    const left = [await pair.kept('seat-0'), await pair.kept('through'), await pair.kept('watched')];
    expect(left).toEqual([0, 0, 0]);
    await gce.done(await gce.call('instances', 'reset', { zone: ZONE, instance: 'seat-0' }));
    const health = async () => await inMachine('seat-0', 'rtpfleet-health').catch(() => '');
    await eventually(async () => (await health()).startsWith('{"ok":true'));
    const back = await handover('seat-1', 'seat-0', move);
    expect(back).toMatchObject({ kind: 'done', calls });
    await untilLocal('seat-0', pair.floating['seat-0']);
    // Each BYE has to find its call where the address is now.
    caller.hangUp();
    const summary = await caller.done;
    process.stdout.write(`floating: ${JSON.stringify({ there, back, summary })}\n`);
    expect(summary).toMatchObject({ calls, cut: 0 });
  });
});
