/** The compile stage: source code → Debian packages through the source's own packaging, in a clean tree of the base that
 * is gone afterwards. The same source, base and flags are compiled once. */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { cpus } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { FleetError, isFleetError } from '../../lib/errors.ts';
import { versionOfDebian } from '../../lib/version.ts';
import { USUAL } from '../architecture.ts';
import { EPOCH } from '../bases.ts';
import { type Cache, cached } from '../cache.ts';
import { buildFailed, type Shop } from '../command.ts';
import { digestOf } from '../digest.ts';
import { codeDigest } from '../file-digest.ts';
import { installLines } from '../lock/pool.ts';
import { runWithAllIds } from '../namespace.ts';
import { type Release, readPackageList } from '../packages.ts';
import { keyringWords } from '../tree.ts';
import type { SourceCode } from './code.ts';
import { failedTests, tellingLines } from './failure.ts';
import { indexDebs } from './packages.ts';
import { type CompileRecord, writeCompileRecord } from './record.ts';

export type CompileOrder = {
  readonly code: SourceCode;
  readonly release: Release;
  /** Build profiles of the packaging, e.g. `pkg.ngcp-rtpengine.no-transcoding`. */
  readonly profiles: readonly string[];
  /** Added to what the packaging itself sets, e.g. `CFLAGS: -march=x86-64-v3`. */
  readonly flags: Readonly<Record<string, string>>;
  /** Whether the source's own tests run and must pass. */
  readonly check: boolean;
};

/** Code that decides what comes out: when it changes, so does the key. */
const CODE = ['compile/compile.ts', 'compile/build-debs'];

const HOOK = join(import.meta.dirname, 'build-debs');

/** The tree before the build dependencies are in it. iproute2 brings loopback up in a namespace without network. */
export const TREE_PACKAGES = ['build-essential', 'ccache', 'iproute2'];

/** How much the compiler's own cache may hold. */
const CCACHE_SIZE = '2G';

/**
 * Without a lock the versions of the build dependencies are no part of it: a compile is not done again for each update of
 * the archive, and the record of the packages says what they were made with. With a lock they are.
 */
export function compileKey({ code, release, profiles, flags, check }: CompileOrder): string {
  return digestOf({
    code: codeDigest(CODE),
    source: code.id,
    base: release.codename,
    architecture: USUAL,
    profiles,
    flags,
    check,
    epoch: EPOCH,
    locked: release.locked ?? null,
  });
}

/** @returns the folder with the packages, their index and the logs of the compile */
export async function compileDebs(shop: Shop, cache: Cache, order: CompileOrder): Promise<string> {
  return await cached(shop, cache, 'debs', compileKey(order), async (folder) => {
    const work = join(folder, 'work');
    mkdirSync(join(work, 'tmp'), { recursive: true });
    const start = performance.now();
    await order.code.write(work);
    await build(shop, cache, order, work);
    const seconds = Math.round(performance.now() - start) / 1000;
    const packages = readPackageList(join(work, 'build-packages.tsv'));
    writeCompileRecord(folder, { seconds, packages, ...testsAgain(work) });
    const { file, version } = packagesOf(work);
    for (const name of readdirSync(file)) renameSync(join(file, name), join(folder, name));
    const set = await indexDebs(shop, folder);
    if (version !== set.version) {
      throw buildFailed(
        'binary-version',
        `the binary says it is ${version ?? 'of no version'}, its package ${set.daemon} ${set.debianVersion}`,
      );
    }
    for (const log of logsIn(work)) renameSync(join(work, log), join(folder, log));
    rmSync(work, { recursive: true });
  });
}

async function build(shop: Shop, cache: Cache, order: CompileOrder, work: string): Promise<void> {
  const ccache = join(cache.root, 'ccache');
  mkdirSync(ccache, { recursive: true });
  const lines = await installLines(shop, cache, order.release, join(work, 'packages'));
  try {
    await runWithAllIds(shop, compileCommand(order, { work, ccache, lines }), {
      env: environment(order, work),
      shown: ['mmdebstrap', order.release.codename],
    });
  } catch (error) {
    if (!isFleetError(error) || error.kind === 'interrupted') throw error;
    throw compileFailed(shop, order, work, error);
  }
}

/** Where a compile happens. `lines`: one-line sources that it installs from. */
export type CompilePlace = {
  readonly work: string;
  readonly ccache: string;
  readonly lines: readonly string[];
};

/** The words of the command that makes the tree, compiles in it and throws it away. Pure. */
export function compileCommand(
  { release, check }: CompileOrder,
  { work, ccache, lines }: CompilePlace,
): readonly string[] {
  const hook = `sh '${HOOK}' "$1" '${work}' '${ccache}'${check ? ' check' : ''}`;
  return scratchTreeCommand(release, lines, TREE_PACKAGES, hook);
}

/**
 * A clean tree with `include` in which `hook` runs ("$1" = the tree), and which is gone afterwards. Pure.
 * @param lines where packages are installed from, one-line sources
 */
export function scratchTreeCommand(
  release: Release,
  lines: readonly string[],
  include: readonly string[],
  hook: string,
): readonly string[] {
  return [
    'mmdebstrap',
    '--mode=unshare',
    '--variant=apt',
    '--format=null',
    `--architectures=${USUAL}`,
    ...keyringWords(release),
    `--include=${include.join(',')}`,
    '--aptopt=APT::Sandbox::User "root"',
    '--aptopt=Acquire::Languages "none"',
    '--aptopt=APT::Install-Recommends "false"',
    // The tree is thrown away: no need to wait for the disk.
    '--dpkgopt=force-unsafe-io',
    '--dpkgopt=path-exclude=/usr/share/doc/*',
    '--dpkgopt=path-exclude=/usr/share/man/*',
    '--dpkgopt=path-exclude=/usr/share/locale/*',
    `--customize-hook=${hook}`,
    release.codename,
    '-',
    ...lines,
  ];
}

function environment({ profiles, flags }: CompileOrder, work: string): Readonly<Record<string, string>> {
  const options = ['noautodbgsym', `parallel=${cpus().length}`];
  return {
    SOURCE_DATE_EPOCH: String(EPOCH),
    TMPDIR: join(work, 'tmp'),
    DEB_BUILD_OPTIONS: options.join(' '),
    DEB_BUILD_PROFILES: profiles.join(' '),
    CCACHE_MAXSIZE: CCACHE_SIZE,
    ...Object.fromEntries(Object.entries(flags).map(([name, value]) => [`DEB_${name}_APPEND`, value])),
  };
}

/** Tests of the source that passed only when they ran again by themselves. */
function testsAgain(work: string): Pick<CompileRecord, 'testsAgain'> {
  const file = join(work, 'tests-again');
  return existsSync(file) ? { testsAgain: readFileSync(file, 'utf8').trim().split('\n') } : {};
}

/** Where the packages are, and the version that the binary in them says. */
function packagesOf(work: string): { readonly file: string; readonly version: string | undefined } {
  const file = join(work, 'built');
  const said = readFileSync(join(work, 'version.txt'), 'utf8');
  return { file, version: versionOfDebian(/^Version: (\S+)/m.exec(said)?.[1] ?? '') };
}

/** The log goes where the build's own log is: the work folder is not kept. */
function compileFailed(shop: Shop, { code }: CompileOrder, work: string, error: FleetError): FleetError {
  const step = existsSync(join(work, 'step')) ? readFileSync(join(work, 'step'), 'utf8').trim() : 'tree';
  const log = join(work, `${step}.log`);
  if (!existsSync(log)) return error;
  const kept = join(dirname(shop.log), `${basename(shop.log, '.log')}-${step}.log`);
  copyFileSync(log, kept);
  const what = `${code.place}${code.tag === undefined ? '' : ` ${code.tag}`}`;
  const text = readFileSync(log, 'utf8');
  const isCheck = step === 'check';
  const lines = isCheck ? failedTests(text) : tellingLines(text);
  const sentence = isCheck
    ? 'compiles, but its own tests failed, also when they ran again by themselves; no image is made'
    : `does not compile (${step})`;
  const otherwise = isCheck ? '. They go by the clock: try on a quiet machine, or leave out --check.' : '';
  return new FleetError({
    kind: 'stop',
    code: isCheck ? 'check-failed' : 'compile-failed',
    message: [`${what} ${sentence}:`, ...lines].join('\n    '),
    hint: `The whole log is ${kept}${otherwise}`,
    facts: { step, log: kept, source: code.place, commit: code.commit },
    cause: error,
  });
}

function logsIn(work: string): readonly string[] {
  return readdirSync(work).filter((name) => name.endsWith('.log'));
}
