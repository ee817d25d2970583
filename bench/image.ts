/**
 * `node bench/image.ts`: how quick images are built, beside the bare tools that any builder needs, all in one run: the
 * same source, the same packages, the same mirror. Works in a cache of its own, which is removed.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { BuildResult } from '../image-builder/build.ts';
import { sourceFrom } from '../image-builder/versions/source.ts';
import { bareSeconds } from './bare-image.ts';
import { type Measured, wordMeasured, wordSteps } from './numbers.ts';

const ROOT = join(import.meta.dirname, '..');
const MOST_OF_BARE = 1.15;

const { values } = parseArgs({
  options: { source: { type: 'string' }, version: { type: 'string' }, base: { type: 'string' } },
});
const source = sourceFrom(process.env.INIT_CWD ?? process.cwd(), values.source ?? 'git');
const version = values.version ?? 'mr13.4.1.10';
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'rtpfleet-bench-image-')));
const fleetFile = join(folder, 'bench.yaml');

function writeFleet(logLevel: number): void {
  const lines = [
    'name: bench',
    'cloud: { project: bench-project, region: us-central1, zones: [us-central1-a] }',
    `image: { version: ${version}, base: ${values.base ?? 'debian-13'}, source: ${JSON.stringify(source)} }`,
    `rtpengine: { logLevel: ${logLevel} }`,
  ];
  writeFileSync(fleetFile, `${lines.join('\n')}\n`);
}

/** One run of image:build, as a person starts it. */
function build(): { readonly seconds: number; readonly result: BuildResult } {
  const from = performance.now();
  const words = ['image-builder/cli.ts', 'build', '--no-publish', '--json', '--fleet', fleetFile];
  const { status, stdout } = spawnSync(process.execPath, words, {
    ...{ cwd: ROOT, env: { ...process.env, RTPFLEET_CACHE: folder } },
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 64 * 1024 ** 2,
  });
  const seconds = (performance.now() - from) / 1_000;
  if (status !== 0) throw new Error(`image:build ended with exit code ${status}`);
  return { seconds, result: JSON.parse(String(stdout)) };
}

function stepsOf({ manifest }: BuildResult): Readonly<Record<string, number>> {
  const compile = manifest.compile === undefined ? {} : { compile: manifest.compile.seconds };
  return { ...compile, ...manifest.seconds };
}

async function measure(): Promise<readonly Measured[]> {
  writeFleet(5);
  const cold = build();
  process.stdout.write(`cold, step by step\n${wordSteps(stepsOf(cold.result))}\n`);
  const bare = await bareSeconds(fleetFile, folder);
  process.stdout.write(`bare tools, step by step\n${wordSteps(bare)}\n`);
  const bareAll = Object.values(bare).reduce((sum, seconds) => sum + seconds, 0);
  writeFleet(6);
  const changed = build();
  process.stdout.write(`configuration only, step by step\n${wordSteps(changed.result.manifest.seconds)}\n`);
  const again = build();
  return [
    { what: 'cold: compile, image, tar.gz', measured: cold.seconds, wanted: MOST_OF_BARE * bareAll },
    { what: 'configuration only, to tar.gz', measured: changed.seconds, wanted: 25 },
    { what: 'nothing changed', measured: again.seconds, wanted: 2 },
  ];
}

try {
  const all = await measure();
  process.stdout.write(`\n${wordMeasured(all)}\n`);
  process.exitCode = all.every(({ measured, wanted }) => measured <= wanted) ? 0 : 3;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
