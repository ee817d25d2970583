import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseFleet } from '../../configs/load.ts';
import { hygieneProblems } from '../../image-builder/hygiene.ts';
import { ofOneAmongSeveral } from '../../image-builder/instances.ts';
import { imageFiles, relayConfig } from '../../image-builder/recipe.ts';

const HAS_ANALYZE = spawnSync('systemd-analyze', ['--version']).status === 0;
const UNITS = '/etc/systemd/system';

const files = (rtpengine = '{ instances: 2 }') => {
  const text = `name: many
cloud: { project: many-project, region: us-central1, zones: [us-central1-a] }
image: { version: mr12.5.1.31 }
rtpengine: ${rtpengine}`;
  return imageFiles(parseFleet(text, 'many.yaml'), 'mr12.5.1.31');
};

function contentOf(path: string, rtpengine?: string): string {
  const file = files(rtpengine).find((entry) => entry.path === path);
  if (file?.kind !== 'file') throw new Error(`no file ${path}`);
  return file.content;
}

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'several-'));
});
afterEach(() => rmSync(root, { recursive: true }));

/** The image's programs and templates in a folder, with a network interface, and without metadata server and units. */
function unpack(rtpengine?: string): void {
  for (const file of files(rtpengine)) {
    if (file.kind !== 'file' || !/^\/usr\/(lib\/rtpfleet|sbin)\//.test(file.path)) continue;
    const content = file.content
      .replaceAll('/usr/lib/rtpfleet', join(root, 'usr/lib/rtpfleet'))
      .replaceAll('/usr/sbin/', join(root, 'usr/sbin/'))
      .replaceAll('/run/rtpfleet', join(root, 'run'))
      .replaceAll('chgrp rtpengine', 'chmod 0640');
    put(file.path, content);
  }
  mkdirSync(join(root, 'run'));
  put('/bin/ip', '#!/bin/sh\necho "2: eth0    inet 127.0.0.1/8 scope global eth0"\n');
}

function put(path: string, content: string, mode = 0o755): void {
  const target = join(root, path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, content, { mode });
}

async function run(program: string) {
  const env = { PATH: `${join(root, 'bin')}:${process.env.PATH ?? ''}`, RTPFLEET_STANDALONE: 'yes' };
  return await execa('sh', [join(root, program)], { env, reject: false });
}

describe('an image with several RTPEngines', () => {
  test('has one unit for each, which one unit starts, and a configuration where people look for it', () => {
    expect(contentOf(`${UNITS}/rtpengine-daemon.service`)).toContain(
      'Wants=rtpengine-daemon@1.service rtpengine-daemon@2.service\n',
    );
    const links = files().flatMap((file) => (file.kind === 'link' ? [`${file.path} ${file.target}`] : []));
    expect(links).toContain('/etc/rtpengine/rtpengine-2.conf /run/rtpfleet/rtpengine-2.conf');
    expect(links.filter((line) => line.includes('rtpfleet-ready'))).toEqual([]);
    expect(files().map(({ path }) => path)).not.toContain('/usr/lib/rtpfleet/rtpengine.conf.in');
  });

  test.each(['{}', '{ instances: 2 }'])('has all that an image must have: %s', (rtpengine) => {
    const entries = files(rtpengine).map(({ path }) => ({ path, bytes: 0 }));
    expect(hygieneProblems([...entries, { path: '/usr/bin/rtpengine', bytes: 1 }])).toEqual([]);
  });

  test('has what one RTPEngine has nowhere', () => {
    expect(files('{}').filter(({ path }) => /@|instances|\/one\//.test(path))).toEqual([]);
  });

  test('tells each its ports and the name of its log, and none of a Redis', () => {
    const second = contentOf('/usr/lib/rtpfleet/rtpengine-2.conf.in').split('\n');
    for (const line of [
      'listen-ng = @INTERNAL@:22223',
      'listen-tcp-ng = @INTERNAL@:22223',
      'listen-cli = @INTERNAL@:9901',
      'listen-http = @INTERNAL@:9102',
      'port-min = 35000',
      'port-max = 40000',
      'log-name = rtpengine-2',
    ])
      expect(second).toContain(line);
    expect(second.join()).not.toContain('#redis#');
    expect(relayConfig(files())).toContain('port-max = 34999\n');
  });

  test('keeps the log of each by itself, within the bounds of all', () => {
    const sizes = (rtpengine: string) =>
      [...contentOf('/etc/logrotate.d/rtpfleet', rtpengine).matchAll(/ rotate (\d+)/g)].map(([, count]) =>
        Number(count),
      );
    expect(contentOf('/etc/rsyslog.conf')).toContain(
      'if $syslogfacility-text == "local2" and $programname == "rtpengine-2" then action(type="omfile" file="/var/log/rtpengine/rtpengine-2-cdr.log")\n',
    );
    const sum = (list: readonly number[]) => list.reduce((total, count) => total + count + 1, 0);
    expect(sizes('{ instances: 2 }')).toHaveLength(2 * sizes('{}').length);
    expect(sum(sizes('{ instances: 2 }'))).toBeLessThanOrEqual(sum(sizes('{}')));
  });

  test('keeps all control ports from connections of its own', () => {
    expect(contentOf('/etc/sysctl.d/zz-rtpfleet.conf')).toMatch(
      /ip_local_reserved_ports = 9101-9102,9900-9901,22222-22223,30000-40000\n/,
    );
  });

  test.skipIf(!HAS_ANALYZE)(
    'has units that systemd finds nothing wrong with, exposed as little',
    async () => {
      for (const file of files())
        if (file.kind === 'file' && file.path.startsWith(UNITS)) put(file.path, file.content, 0o644);
      for (const program of ['/usr/bin/rtpengine', '/bin/true']) put(program, '#!/bin/sh\n');
      for (const program of files())
        if (program.kind === 'file' && program.mode === 0o755) put(program.path, program.content);
      for (const unit of ['sysinit', 'basic', 'shutdown', 'multi-user', 'network-online', 'network'])
        put(`/usr/lib/systemd/system/${unit}.target`, `[Unit]\nDescription=${unit}\n`, 0o644);
      const units = ['rtpengine-daemon.service', 'rtpengine-daemon@1.service', 'rtpfleet-ready@2.service'];
      const verified = await execa('systemd-analyze', ['verify', '--man=no', `--root=${root}`, ...units], {
        reject: false,
      });
      expect(verified.stderr).not.toMatch(/rtpengine|rtpfleet/);
      expect(verified.exitCode).toBe(0);
      const words = ['security', '--no-pager', '--offline=true', `--root=${root}`];
      const { stdout } = await execa('systemd-analyze', [...words, 'rtpengine-daemon@1.service']);
      expect(Number(/exposure level for \S+: ([0-9.]+)/.exec(stdout)?.[1])).toBeLessThanOrEqual(1.6);
    },
  );
});

describe('its programs', () => {
  test('write the configuration of every RTPEngine', async () => {
    unpack();
    const { exitCode, stderr } = await run('usr/sbin/rtpfleet-config');
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining('interface 127.0.0.1')]);
    const { stdout } = await execa('grep', ['-rh', 'listen-cli', join(root, 'run')]);
    expect(stdout.split('\n').toSorted()).toEqual([
      'listen-cli = 127.0.0.1:9900',
      'listen-cli = 127.0.0.1:9901',
    ]);
  });

  test('write nothing more once one cannot be written', async () => {
    unpack();
    put('/bin/ip', '#!/bin/sh\n');
    const { exitCode, stderr } = await run('usr/sbin/rtpfleet-config');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('no network interface');
  });

  test('say which RTPEngine is not well', async () => {
    unpack();
    put('/bin/systemctl', '#!/bin/sh\ncase $2 in *@1.service) echo active ;; *) echo failed ;; esac\n');
    const { exitCode, stdout } = await run('usr/sbin/rtpfleet-health');
    expect(exitCode).toBe(1);
    const health = JSON.parse(stdout);
    expect(health.ok).toBe(false);
    expect(health.checks).toContainEqual({ instance: 1, name: 'service', ok: true, detail: 'active' });
    expect(health.checks).toContainEqual({ instance: 2, name: 'service', ok: false, detail: 'failed' });
    expect(health.checks).toHaveLength(6);
  });

  test('are well only when all are, and never without an answer', async () => {
    unpack();
    const one = 'usr/lib/rtpfleet/one/rtpfleet-health';
    put(one, '#!/bin/sh\necho \'{"ok":true,"checks":[{"name":"ng","ok":true,"detail":"a [b] {c}"}]}\'\n');
    expect(await run('usr/sbin/rtpfleet-health')).toMatchObject({
      exitCode: 0,
      stdout:
        '{"ok":true,"checks":[{"instance":1,"name":"ng","ok":true,"detail":"a [b] {c}"},{"instance":2,"name":"ng","ok":true,"detail":"a [b] {c}"}]}',
    });
    put(one, '#!/bin/sh\n');
    const silent = await run('usr/sbin/rtpfleet-health');
    expect(silent.exitCode).toBe(1);
    expect(JSON.parse(silent.stdout).ok).toBe(false);
  });

  test('cannot be made of a program that no longer says what has to change', () => {
    expect(() => ofOneAmongSeveral('rtpfleet-health', 'echo\n')).toThrow('rtpengine-daemon.service');
  });
});
