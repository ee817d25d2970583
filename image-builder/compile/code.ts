/** Source code to compile: found out first (which commit, which content), written as one tar archive only when needed. */
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { FleetError } from '../../lib/errors.ts';
import { EPOCH } from '../bases.ts';
import { buildFailed, runCommand, type Shop } from '../command.ts';
import { fetchFile } from '../fetch.ts';
import { fileDigest } from '../file-digest.ts';
import { resolveTag } from '../versions/resolve.ts';
import type { Source } from '../versions/source.ts';
import { commitOf, GIT_ENV, listTags } from '../versions/tags.ts';

/** A source that is code: all others are packages. */
export type CodeSource = Extract<Source, { readonly kind: 'git' | 'path' | 'tarball' }>;

export type SourceCode = {
  /** What the code is, wherever it comes from: a commit, or the digest of an archive. */
  readonly id: string;
  /** URL without credentials, or absolute path. */
  readonly place: string;
  readonly commit?: string;
  /** The release tag it was asked for by. */
  readonly tag?: string;
  /** Writes the code as `<work>/source.tar`, its files at the top. */
  readonly write: (work: string) => Promise<void>;
};

/** The name that the code has in a work folder. */
export const SOURCE_TAR = 'source.tar';

/** Sorted, without owners and times: the same files give the same bytes. */
const TAR = [
  '--sort=name',
  `--mtime=@${EPOCH}`,
  '--owner=0',
  '--group=0',
  '--numeric-owner',
  '--exclude=./.git',
];

/**
 * @param wanted the version word; it picks the tag of a git repository unless the source names a ref
 * @param work a folder for files in between
 * @throws FleetError `usage`: unknown version, unknown ref, no such place, no Debian packaging
 */
export async function findCode(
  shop: Shop,
  source: CodeSource,
  wanted: string,
  work: string,
): Promise<SourceCode> {
  if (source.kind === 'git') return await gitCode(shop, source.url, source.ref, wanted);
  if (source.kind === 'tarball') return await fetchedCode(shop, source.url, source.sha256);
  const path = resolve(source.path);
  if (!existsSync(path)) throw badPlace(path, 'is not there');
  if (statSync(path).isFile()) return await tarballCode(shop, path);
  const isRepository = ['.git', 'objects'].some((name) => existsSync(join(path, name)));
  return isRepository ? await gitCode(shop, path, undefined, wanted) : await folderCode(shop, path, work);
}

async function gitCode(
  shop: Shop,
  url: string,
  ref: string | undefined,
  wanted: string,
): Promise<SourceCode> {
  const tags = ref === undefined ? await listTags(shop, url) : new Map<string, string>();
  const tag = ref === undefined ? resolveTag(wanted, [...tags.keys()], url) : undefined;
  const commit =
    (tag === undefined ? undefined : tags.get(tag)) ?? (await commitOf(shop, url, ref ?? wanted));
  return {
    id: commit,
    place: withoutCredentials(url),
    commit,
    ...(tag === undefined ? {} : { tag }),
    write: async (work) => {
      const repository = join(work, 'repository');
      const git = (...words: string[]) =>
        runCommand(shop, ['git', '-C', repository, ...words], { env: GIT_ENV });
      await runCommand(shop, ['git', 'init', '--quiet', '--bare', repository]);
      await git(
        'fetch',
        '--quiet',
        '--depth=1',
        url,
        tag === undefined ? (ref ?? commit) : `refs/tags/${tag}`,
      );
      const got = (await git('rev-parse', 'FETCH_HEAD^{commit}')).trim();
      if (got !== commit)
        throw buildFailed('source-moved', `${url}: ${tag ?? ref} moved from ${commit} to ${got} meanwhile`);
      await git('archive', '--format=tar', `--output=${join(work, SOURCE_TAR)}`, commit);
    },
  };
}

async function folderCode(shop: Shop, path: string, work: string): Promise<SourceCode> {
  if (!existsSync(join(path, 'debian', 'control'))) throw badPlace(path, 'has no debian/control');
  const archive = join(work, 'folder.tar');
  await packFolder(shop, path, archive);
  const id = await fileDigest(archive);
  return { id, place: path, write: (folder) => packFolder(shop, path, join(folder, SOURCE_TAR)) };
}

async function tarballCode(shop: Shop, path: string): Promise<SourceCode> {
  return {
    id: await fileDigest(path),
    place: path,
    write: (work) => unpackTarball(shop, path, work),
  };
}

/** Known by its digest before it is fetched: nothing is downloaded for a plan. */
async function fetchedCode(shop: Shop, url: string, sha256: string): Promise<SourceCode> {
  return {
    id: sha256,
    place: withoutCredentials(url),
    write: async (work) => {
      const file = join(work, 'fetched.tar');
      await fetchFile(shop, url, file);
      const got = await fileDigest(file);
      if (got !== sha256) throw otherContent(withoutCredentials(url), sha256, got);
      await unpackTarball(shop, file, work);
    },
  };
}

async function unpackTarball(shop: Shop, file: string, work: string): Promise<void> {
  const unpacked = join(work, 'unpacked');
  mkdirSync(unpacked);
  const words = ['--extract', '--no-same-owner', '--file', file, '--directory', unpacked];
  await runCommand(shop, ['tar', ...words]);
  const top = [unpacked, ...readdirSync(unpacked).map((name) => join(unpacked, name))];
  const root = top.find((folder) => existsSync(join(folder, 'debian', 'control')));
  if (root === undefined) throw badPlace(file, 'holds no debian/control');
  await packFolder(shop, root, join(work, SOURCE_TAR));
}

async function packFolder(shop: Shop, folder: string, archive: string): Promise<void> {
  await runCommand(shop, ['tar', '--create', ...TAR, '--file', archive, '--directory', folder, '.']);
}

function otherContent(url: string, wanted: string, got: string): FleetError {
  return new FleetError({
    kind: 'usage',
    code: 'source-sha256',
    message: `${url} has sha256 ${got}, not ${wanted}`,
    hint: 'Find out which one is right before you change the digest behind the #.',
    facts: { url, wanted, got },
  });
}

/** A URL as it may be written down. Pure. */
export function withoutCredentials(url: string): string {
  return url.replace(/^(\w+:\/\/)[^/@]*@/, '$1');
}

function badPlace(path: string, reason: string): FleetError {
  return new FleetError({
    kind: 'usage',
    code: 'source-place',
    message: `${path} ${reason}`,
    hint: "Name a git repository, a folder or a tarball of RTPEngine's source with upstream's debian/ in it.",
    facts: { path },
  });
}
