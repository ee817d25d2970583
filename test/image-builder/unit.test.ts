import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { parseFleet } from '../../configs/load.ts';
import { imageFiles } from '../../image-builder/recipe.ts';
import { hardening, powersOf, writablePaths } from '../../image-builder/unit.ts';

const HAS_ANALYZE = spawnSync('systemd-analyze', ['--version']).status === 0;

const fleet = (rtpengine = '{}') =>
  parseFleet(
    `name: units
cloud: { project: units-project, region: us-central1, zones: [us-central1-a] }
image: { version: mr12.5.1.31 }
rtpengine: ${rtpengine}`,
    'units.yaml',
  );

function contentOf(path: string, rtpengine?: string): string {
  const file = imageFiles(fleet(rtpengine), 'mr12.5.1.31').find((entry) => entry.path === path);
  return file?.kind === 'file' ? file.content : '';
}

const UNIT = '/etc/systemd/system/rtpengine-daemon.service';

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'rtpfleet-unit-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("RTPEngine's unit", () => {
  test.skipIf(!HAS_ANALYZE).each([
    ['in user space', '{}', 1.6],
    ['with scheduling of its own', '{ options: { scheduling: fifo } }', 1.7],
    ['with forwarding in the kernel', '{ kernel: wanted }', 2.5],
  ])('%s is exposed to %s little enough', async (_, rtpengine, most) => {
    await inFolder(async (root) => {
      mkdirSync(join(root, 'etc/systemd/system'), { recursive: true });
      writeFileSync(join(root, UNIT), contentOf(UNIT, rtpengine));
      const words = [
        'security',
        '--no-pager',
        '--offline=true',
        `--root=${root}`,
        'rtpengine-daemon.service',
      ];
      const { stdout } = await execa('systemd-analyze', words);
      expect(Number(/exposure level for \S+: ([0-9.]+)/.exec(stdout)?.[1])).toBeLessThanOrEqual(most);
    });
  });

  test('has the power over the network that forwarding in the kernel needs, and only then', () => {
    const network = (rtpengine: string) =>
      hardening(powersOf(fleet(rtpengine))).filter((line) => /CAP_NET_ADMIN|ProcSubset=all/.test(line));
    expect(network('{}')).toEqual([]);
    expect(network('{ kernel: required }')).toEqual([
      'CapabilityBoundingSet=CAP_NET_ADMIN',
      'AmbientCapabilities=CAP_NET_ADMIN',
      'ProcSubset=all',
    ]);
  });

  test('may write recordings where the fleet file has them', () => {
    expect(writablePaths(fleet('{ options: { recording-dir: /srv/calls } }'))).toEqual([
      '/var/spool/rtpengine',
      '/srv/calls',
    ]);
    expect(contentOf(UNIT, '{ options: { recording-dir: /srv/calls } }')).toContain(
      'ReadWritePaths=-/var/spool/rtpengine -/srv/calls\n',
    );
  });

  test('is ready when RTPEngine says so, and is started again for ever', () => {
    const unit = contentOf(UNIT);
    for (const line of [
      'Type=notify',
      'Restart=always',
      'StartLimitIntervalSec=0',
      'Requires=rtpfleet-config.service',
    ])
      expect(unit.split('\n')).toContain(line);
  });
});

describe('log files', () => {
  const path = '/etc/logrotate.d/rtpfleet';

  test('go where their facility says, as RTPEngine is told', () => {
    const rules = contentOf('/etc/rsyslog.conf');
    const config = contentOf('/usr/lib/rtpfleet/rtpengine.conf.in');
    const facilities = [...rules.matchAll(/== "(local\d)" then .*file="([^"]+)"/g)].map(
      ([, ...pair]) => pair,
    );
    expect(facilities).toEqual([
      ['local1', '/var/log/rtpengine/rtpengine.log'],
      ['local2', '/var/log/rtpengine/rtpengine-cdr.log'],
      ['local3', '/var/log/rtpengine/rtpengine-rtcp.log'],
    ]);
    expect(config).toContain('log-facility = local1\nlog-facility-cdr = local2\n');
    expect(config).not.toContain('log-facility-rtcp');
    for (const [, file] of facilities) expect(contentOf(path)).toContain(`${file} {\n`);
  });
});
