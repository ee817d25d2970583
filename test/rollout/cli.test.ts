import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { rolloutProgram } from '../../rollout/cli.ts';

async function rollout(...args: readonly string[]) {
  const env = { RTPFLEET_ENDPOINT: '', RTPFLEET_FLEET: '', NODE_NO_WARNINGS: '1' };
  const done = await execa(process.execPath, ['rollout/cli.ts', ...args], { reject: false, env });
  return { code: done.exitCode, out: done.stdout, err: done.stderr };
}

/** A hand-over that is right but for one thing. */
function handover(wrong: Readonly<Record<string, string>>): readonly string[] {
  const { giver, ...options } = {
    ...{ giver: '127.0.0.1', address: '127.0.0.3', move: '/bin/true', redis: '127.0.0.1:1' },
    ...{ through: '14', version: 'mr12.5.1.31', ...wrong },
  };
  return [
    'handover',
    giver,
    '127.0.0.2',
    ...Object.entries(options).flatMap(([key, value]) => [`--${key}`, value]),
  ];
}

test('help names the commands and exit codes', async () => {
  const { code, out } = await rollout('--help');
  expect(code).toBe(0);
  for (const word of ['plan', 'status', 'sessions', 'verify', 'cordon', '--drain', '130 interrupted'])
    expect(out).toContain(word);
});

test('every command shows an example and its exit codes', () => {
  const program = rolloutProgram();
  const helpOf = (command: (typeof program.commands)[number]) => {
    const parts: string[] = [];
    command.configureOutput({ writeOut: (text) => void parts.push(text) }).outputHelp();
    return parts.join('');
  };
  const isWhole = (text: string) =>
    text.includes('\nExample:\n  rollout ') && /\nExit codes: 0 .*1 defect, 2 wrong usage/s.test(text);
  const bare = program.commands
    .filter((command) => !['help', 'completion'].includes(command.name()))
    .filter((command) => !isWhole(helpOf(command)));
  expect(bare.map((command) => command.name())).toEqual([]);
});

test.each<readonly [readonly string[], string]>([
  [['--drian'], "unknown option '--drian'"],
  [['plna'], 'Did you mean plan?'],
  [['--max-unavailable', '0'], 'It must be a whole number, 1 or more, or a share'],
  [['--poll-seconds', 'fast'], 'It must be a number, 0.1 or more.'],
  [['--fleet', 'nowhere.yaml'], 'nowhere.yaml: cannot be read'],
  [['status', '--endpoint', 'lab'], '"lab" is no endpoint'],
  [['--', 'plan', '--fleet', 'nowhere.yaml'], 'nowhere.yaml: cannot be read'],
  [['report', 'nowhere.jsonl'], 'nowhere.jsonl cannot be read'],
  [['report', 'package.json'], 'No run begins in package.json'],
  [['report', '--shared', 'x.jsonl'], 'Journals are named, and --shared'],
  [['cordon'], "missing required argument 'relay'"],
  [['handover', '10.0.0.11', '10.0.0.12'], "required option '--address <ip>' not specified"],
  [handover({ giver: 'relay-a' }), '"relay-a" is no address'],
  [handover({ move: 'package.json' }), 'package.json is no program that can be run'],
  [handover({ redis: '10.0.0.5' }), '"10.0.0.5" is no Redis'],
  [handover({ version: '12.5' }), 'It must be a version as upstream tags it'],
])('wrong usage ends with exit code 2 and says what is wrong: %j', async (args, says) => {
  const { code, out, err } = await rollout(...args);
  expect(code).toBe(2);
  expect(err).toContain(says);
  expect(err).not.toContain('    at ');
  expect(out).toBe('');
});

test('without credentials one sentence says so, whatever answers in place of a metadata server', async () => {
  const stranger = createServer((_, answer) => answer.writeHead(403).end('no'));
  stranger.listen(0, '127.0.0.1');
  await once(stranger, 'listening');
  const { port } = stranger.address() as AddressInfo;
  const home = mkdtempSync(join(tmpdir(), 'rtpfleet-no-credentials-'));
  try {
    const env = {
      ...{ RTPFLEET_ENDPOINT: '', HOME: home, CLOUDSDK_CONFIG: home, GOOGLE_APPLICATION_CREDENTIALS: '' },
      ...{ GCE_METADATA_HOST: `127.0.0.1:${port}`, NODE_NO_WARNINGS: '' },
    };
    const args = ['rollout/cli.ts', 'status', '--fleet', 'configs/fleets/prod.yaml'];
    const { exitCode, stderr } = await execa(process.execPath, args, { reject: false, env });
    expect(exitCode).toBe(2);
    expect(stderr.split('\n')).toEqual([
      expect.stringMatching(/^rollout: No credentials for Google Cloud: /),
      expect.stringMatching(/^ {2}Run `gcloud auth application-default login`/),
    ]);
  } finally {
    stranger.close();
    rmSync(home, { recursive: true });
  }
});

test('a host with several RTPEngines is no relay of a fleet', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'rtpfleet-several-'));
  const file = join(folder, 'fleet.yaml');
  writeFileSync(
    file,
    `name: several
cloud: { project: several-project, region: us-central1, zones: [us-central1-a] }
image: { version: mr12.5.1.31 }
rtpengine: { instances: 2 }
`,
  );
  try {
    const { code, err } = await rollout('plan', '--fleet', file);
    expect(code).toBe(2);
    expect(err).toContain('a host with rtpengine.instances 2 cannot be a relay of a managed fleet');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('an endpoint that is not there is said in one sentence', async () => {
  const { code, err } = await rollout('--drain', '--endpoint', 'http://127.0.0.1:1');
  expect(code).toBe(3);
  expect(err).toContain('rollout: The endpoint http://127.0.0.1:1 does not answer.');
  expect(err.split('\n')).toHaveLength(2);
});
