import { hostname } from 'node:os';
import { describe, expect, test } from 'vitest';
import { parseFleet } from '../../configs/load.ts';
import { optionsOfConfig } from '../../image-builder/options.ts';
import { imageFiles, RELAY_CONFIG } from '../../image-builder/recipe.ts';

const FLEET = `name: golden
cloud: { project: golden-project, region: us-central1, zones: [us-central1-a] }
image: { version: mr12.5.1.31, base: debian-13 }
rtpengine: { ports: { min: 20000, max: 29999 }, ngPort: 2223, threads: 4, options: { tos: 184 } }
redis: { required: true }
`;

function files(text = FLEET, version = 'mr12.5.1.31') {
  const fleet = parseFleet(text, 'golden.yaml');
  return new Map(imageFiles(fleet, version).map((file) => [file.path, file]));
}

function content(path: string, text = FLEET, version = 'mr12.5.1.31'): string {
  const file = files(text, version).get(path);
  return file?.kind === 'file' ? file.content : '';
}

describe('files of an image', () => {
  test('a relay is always born cordoned', () => {
    expect(content(RELAY_CONFIG)).toMatch(/^max-sessions = 0$/m);
  });

  test('no option is set twice: RTPEngine would take one of them in silence', () => {
    const names = optionsOfConfig(content(RELAY_CONFIG));
    expect(new Set(names).size).toBe(names.length);
  });

  test('no fleet file can set again what the image sets itself', () => {
    const every = FLEET.replace('name: golden', 'name: golden\nlogs: { rtcp: { enabled: true } }');
    for (const name of optionsOfConfig(content(RELAY_CONFIG, every))) {
      if (name === 'tos') continue;
      const again = () => files(FLEET.replace('tos: 184', `${name}: 1`));
      expect(again).toThrow(`golden.yaml:4: rtpengine.options.${name}: the image writes ${name} itself; `);
    }
  });

  test('a value cannot bring a second line with it', () => {
    const more = () => files(FLEET.replace('tos: 184', 'tos: "184\\nmax-sessions = -1"'));
    expect(more).toThrow(/golden\.yaml:4: rtpengine\.options\.tos: .* One line of text/);
  });

  test('the fleet file’s ports, options and need of Redis arrive', () => {
    const config = content(RELAY_CONFIG);
    for (const line of [
      'port-min = 20000',
      'port-max = 29999',
      'listen-ng = @INTERNAL@:2223',
      'num-threads = 4',
      'tos = 184',
    ])
      expect(config).toContain(`${line}\n`);
    expect(config).toContain('#redis# no-redis-required = false\n');
    expect(content('/etc/sysctl.d/zz-rtpfleet.conf')).toContain(
      'ip_local_reserved_ports = 2223,9101,9900,20000-29999\n',
    );
  });

  test('threads: 0 leaves the number to RTPEngine', () => {
    expect(content(RELAY_CONFIG, FLEET.replace('threads: 4', 'threads: 0'))).not.toContain('num-threads');
  });

  test('what the hazards of a version ask for is set, unless the fleet file says otherwise', () => {
    expect(content(RELAY_CONFIG, FLEET, 'mr13.4.1.10')).toContain('\nredis-format = JSON\n');
    expect(content(RELAY_CONFIG, FLEET, 'mr13.5.1.4')).not.toContain('redis-format');
    const own = content(RELAY_CONFIG, FLEET.replace('tos: 184', 'redis-format: native'), 'mr13.4.1.10');
    expect(own).toContain('\nredis-format = native\n');
    expect(own).not.toContain('JSON');
  });

  test('empty calls of mr13.1 and later are ended by final-timeout without a word in the fleet file', () => {
    expect(content(RELAY_CONFIG, FLEET, 'mr13.1.1.1')).toMatch(/^final-timeout = [1-9]\d*$/m);
  });

  test('our kernel settings are read after all others', () => {
    const name =
      [...files().keys()]
        .find((path) => path.startsWith('/etc/sysctl.d/'))
        ?.split('/')
        .at(-1) ?? '';
    expect(['60-gce-network-security.conf', '99-sysctl.conf', '99-zzz.conf', name].toSorted().at(-1)).toBe(
      name,
    );
  });

  test('no file names the machine that builds', () => {
    for (const file of files().values()) {
      const text = file.kind === 'file' ? file.content : file.target;
      expect(text).not.toContain(process.cwd());
      expect(text).not.toContain(hostname());
    }
  });

  describe('with forwarding in the kernel', () => {
    const wanting = (kernel: string) => FLEET.replace('threads: 4', `threads: 4, kernel: ${kernel}`);
    const CONFIG = '/etc/systemd/system/rtpengine-daemon.service.d/rtpfleet-kernel.conf';

    test('RTPEngine has a table; only where it is required, nothing but the kernel will do', () => {
      expect(content(RELAY_CONFIG)).toMatch(/^table = -1$/m);
      expect(content(RELAY_CONFIG)).not.toContain('no-fallback');
      expect(content(RELAY_CONFIG, wanting('wanted'))).toMatch(/^table = 0\nno-fallback = false$/m);
      expect(content(RELAY_CONFIG, wanting('required'))).toMatch(/^table = 0\nno-fallback = true$/m);
    });

    test('the module is loaded at boot, by the name that the version has', () => {
      const atBoot = (version: string) =>
        content('/etc/modules-load.d/rtpfleet.conf', wanting('wanted'), version);
      expect(atBoot('mr12.5.1.31')).toBe('xt_RTPENGINE\nnft_compat\n');
      expect(atBoot('mr26.0.1.22')).toBe('nft_rtpengine\n');
      expect(content('/etc/modules-load.d/rtpfleet.conf')).toBe('');
    });

    test('before mr12.0 a rule of iptables is set and taken away with RTPEngine', () => {
      expect(content(CONFIG, wanting('wanted'), 'mr10.5.3.5')).toMatch(/^ExecStartPre=\+.*start 0$/m);
      expect(files(wanting('wanted'), 'mr12.5.1.31').has(CONFIG)).toBe(false);
    });
  });
});
