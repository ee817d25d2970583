import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  EXTERNAL,
  FLOATING,
  HOME,
  IP,
  openRelayBoot,
  type Place,
  PROGRAMS,
  REDIS,
  type RelayBoot,
  TOKEN,
  WATCHED,
} from './support/relay-config.ts';

const TEMPLATE = [
  'interface = @INTERFACE@',
  'listen-ng = @INTERNAL@:22222',
  '#redis# redis = @REDIS@',
  '#redis# no-redis-required = true',
];

const HAS_SHELLCHECK = spawnSync('shellcheck', ['--version']).status === 0;

let boot: RelayBoot;

beforeEach(async () => {
  boot = await openRelayBoot();
});
afterEach(() => boot.close());

function config(metadata: Readonly<Record<string, string>>, place: Place = {}) {
  return boot.configure(`${TEMPLATE.join('\n')}\n`, metadata, place);
}

describe('rtpfleet-config', () => {
  test('with an internal address only', async () => {
    const { written } = await config({ [IP]: '10.0.0.7' });
    expect(written).toBe('interface = 10.0.0.7\nlisten-ng = 10.0.0.7:22222\n');
  });

  test('with an external address, callers are told that one', async () => {
    const { written } = await config({ [IP]: '10.0.0.7', [EXTERNAL]: '203.0.113.9' });
    expect(written).toContain('interface = 10.0.0.7!203.0.113.9\n');
    expect(written).toContain('listen-ng = 10.0.0.7:22222\n');
  });

  test.each(['10.0.0.3:6379/5', 'redis.internal:6379/0'])('with Redis at %s', async (redis) => {
    const { written } = await config({ [IP]: '10.0.0.7', [REDIS]: redis });
    expect(written).toContain(`redis = ${redis}\nno-redis-required = true\n`);
  });

  test.each([
    ['no internal address', {}],
    ['an internal address that is none', { [IP]: '10.0.0' }],
    ['an external address that is none', { [IP]: '10.0.0.7', [EXTERNAL]: 'none' }],
    ['an internal address with a second line', { [IP]: '10.0.0.7\nmax-sessions = -1' }],
    ['a Redis with a second line', { [IP]: '10.0.0.7', [REDIS]: '10.0.0.3:6379/5\nmax-sessions = -1' }],
    [
      'a Redis with its password, which metadata shows to everyone',
      { [IP]: '10.0.0.7', [REDIS]: 'x@10.0.0.3:6379/5' },
    ],
    ['a Redis without database', { [IP]: '10.0.0.7', [REDIS]: '10.0.0.3:6379' }],
    [
      'a Redis that would end up in the configuration as more',
      { [IP]: '10.0.0.7', [REDIS]: '10.0.0.3:6379/5|x\nmax-sessions = -1' },
    ],
  ])('%s: writes nothing, says why', async (_, metadata) => {
    const { exitCode, stderr, files } = await config(metadata);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^(the metadata server gives|metadata rtpfleet-redis is) /);
    expect(files).toEqual([]);
  });
});

const AT_HOME = {
  ...{ [IP]: '10.0.0.7', [HOME]: '10.0.0.5', [FLOATING]: '10.0.0.50,10.0.0.5' },
  ...{ [WATCHED]: '7', [REDIS]: '10.0.0.3:6379/10' },
};

describe('rtpfleet-config of a relay with a floating address', () => {
  test('takes media at it before those of its neighbours, each under a name of its own, and answers ng at all', async () => {
    const { written, nonlocalBind } = await config(AT_HOME);
    expect(written).toContain('interface = f10-0-0-5/10.0.0.5;f10-0-0-50/10.0.0.50\n');
    expect(written).toContain('listen-ng = 10.0.0.7:22222;10.0.0.5:22222;10.0.0.50:22222\n');
    expect(written).toContain('redis = 10.0.0.3:6379/10\nsubscribe-keyspace = 7\n');
    expect(nonlocalBind).toBe('1');
  });

  test('is the same for every relay of the zone but for the order', async () => {
    const { written } = await config({ ...AT_HOME, [HOME]: '10.0.0.50' });
    expect(written).toContain('interface = f10-0-0-50/10.0.0.50;f10-0-0-5/10.0.0.5\n');
  });

  test('without Redis watches nothing', async () => {
    const { [REDIS]: _, ...rest } = AT_HOME;
    expect((await config(rest)).written).not.toContain('keyspace');
  });

  test('leaves relays without one as they are', async () => {
    const { [HOME]: _, ...rest } = AT_HOME;
    const { written, nonlocalBind } = await config(rest);
    expect(written).toContain('interface = 10.0.0.7\nlisten-ng = 10.0.0.7:22222\n');
    expect(written).not.toContain('keyspace');
    expect(nonlocalBind).toBeUndefined();
  });

  test.each([
    ['an external address beside it', { [EXTERNAL]: '203.0.113.9' }],
    ['a floating address that is none', { [HOME]: '10.0.0' }],
    ['one of a neighbour that is none', { [FLOATING]: '10.0.0.5,10.0.0.6!192.0.2.1' }],
    ['a number of a database that is none', { [WATCHED]: '7\nmax-sessions = -1' }],
    ['no database to watch', { [WATCHED]: '' }],
  ])('%s: writes nothing, says why, binds to nothing', async (_, metadata) => {
    const { exitCode, stderr, files, nonlocalBind } = await config({ ...AT_HOME, ...metadata });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^(metadata rtpfleet-|a relay with a floating address cannot )/);
    expect([files, nonlocalBind]).toEqual([[], undefined]);
  });
});

describe('rtpfleet-config without a metadata server', () => {
  const NOBODY = { port: 1 };

  test('on a machine of its own takes the address of the first interface, and no Redis', async () => {
    const { exitCode, written, stderr } = await config({}, NOBODY);
    expect(stderr).toContain('no metadata server: this relay goes by itself');
    expect(written).toMatch(/^interface = (\d+\.){3}\d+\nlisten-ng = (\d+\.){3}\d+:22222\n$/);
    expect(written).not.toContain('127.0.0.1');
    expect(exitCode).toBe(0);
  });

  test('does not look for one where it is told that there is none', async () => {
    const place = { environment: { RTPFLEET_STANDALONE: 'yes' } };
    const { written, stderr } = await config({ [IP]: '10.0.0.7' }, place);
    expect(stderr).not.toContain('waiting');
    expect(written).toMatch(/^interface = (?!10\.0\.0\.7)/);
  });

  test('on a machine of Google’s goes on waiting, and writes nothing', async () => {
    const place = { ...NOBODY, product: 'Google Compute Engine', within: ['timeout', '3'] };
    const { exitCode, files } = await config({}, place);
    expect(exitCode).toBe(124);
    expect(files).toEqual([]);
  });
});

describe('the password of Redis', () => {
  const SECRET = '/v1/projects/p/secrets/demo-redis/versions/latest:access';
  /** What the metadata server and Secret Manager say, where the secret is `password`. */
  const told = (password: string, url?: string) => {
    const payload = { data: Buffer.from(password).toString('base64') };
    return {
      ...{ [IP]: '10.0.0.7', [REDIS]: '10.0.0.3:6379/5' },
      'attributes/rtpfleet-redis-secret': url ?? `http://127.0.0.1:${boot.port}${SECRET}`,
      'service-accounts/default/token': JSON.stringify({
        access_token: TOKEN,
        expires_in: 9,
        token_type: 'Bearer',
      }),
      // Google's answers have line ends.
      [SECRET]: JSON.stringify({ name: 'projects/1/secrets/demo-redis/versions/1', payload }, undefined, 2),
    };
  };

  test('is read in Secret Manager with the token of the machine, and told to RTPEngine alone', async () => {
    const password = '0f8e-|&\\$(x)"\'';
    const { written, stderr, exitCode } = await config(told(password));
    expect(exitCode).toBe(0);
    expect(written).toContain(`redis = ${password}@10.0.0.3:6379/5\nno-redis-required = true\n`);
    expect(stderr).not.toContain('0f8e');
    expect(stderr).not.toContain(TOKEN);
  });

  test.each(['with a space', 'with@sign', 'two\nlines'])(
    '%s is refused without being shown',
    async (password) => {
      const { exitCode, stderr, files } = await config(told(password));
      expect([exitCode, files]).toEqual([1, []]);
      expect(stderr).toContain('which RTPEngine cannot be told');
      expect(stderr).not.toContain(password);
    },
  );

  test.each([
    'https://secretmanager.googleapis.com.evil.example/v1/projects/p/secrets/s/versions/1:access',
    'https://secretmanager.googleapis.com/v1/projects/p/secrets/s/versions/1:access\nhttp://evil.example/',
    'http://secretmanager.googleapis.com/v1/projects/p/secrets/s/versions/1:access',
    'https://evil.example/v1/projects/p/secrets/s/versions/1:access',
  ])('is not asked for at %s', async (url) => {
    const { exitCode, stderr, files } = await config(told('hush', url));
    expect([exitCode, files]).toEqual([1, []]);
    expect(stderr).toContain('is no URL of Secret Manager');
  });

  test('that the machine may not read is waited for', async () => {
    const { [SECRET]: _, ...without } = told('hush');
    const { exitCode, stderr, files } = await config(without, { within: ['timeout', '2'] });
    expect([exitCode, files]).toEqual([124, []]);
    expect(stderr).toContain('waiting for Secret Manager (http://127.0.0.1');
  });
});

describe('programs of a relay', () => {
  test.each(readdirSync(PROGRAMS).filter((name) => name !== 'ask'))('%s is POSIX shell', async (name) => {
    const { exitCode, stderr } = await execa('sh', ['-n', join(PROGRAMS, name)], { reject: false });
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
  });

  test.skipIf(!HAS_SHELLCHECK)('shellcheck finds nothing in them', async () => {
    const scripts = readdirSync(PROGRAMS).filter((name) => name !== 'ask');
    const { stdout } = await execa(
      'shellcheck',
      ['--external-sources', ...scripts.map((name) => join(PROGRAMS, name))],
      {
        reject: false,
        cwd: join(PROGRAMS, '..', '..'),
      },
    );
    expect(stdout).toBe('');
  });
});
