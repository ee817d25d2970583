/** Where RTPEngine comes from, as `--source` and the fleet file's `image.source` write it. Pure. */
import { resolve } from 'node:path';
import { FleetError } from '../../lib/errors.ts';

export const UPSTREAM = 'https://github.com/sipwise/rtpengine';

export type Source =
  | { readonly kind: 'debian' }
  /** `ref`: a branch, tag or commit in place of the version's tag. */
  | { readonly kind: 'git'; readonly url: string; readonly ref?: string }
  /** A git repository, a folder or a tarball on this machine: looking at it tells. */
  | { readonly kind: 'path'; readonly path: string }
  /** A tarball from the network: only with this content (64 hexadecimal digits). */
  | { readonly kind: 'tarball'; readonly url: string; readonly sha256: string }
  /** A folder of packages that are built already. */
  | { readonly kind: 'debs'; readonly folder: string };

const GIT_URL = /^(?:git\+)?((?:https?|ssh|git|file):\/\/[^#]+|[\w.-]+@[\w.-]+:[^#]+)(?:#(.+))?$/;

const TARBALL_URL = /^(https?:\/\/[^#]+\.(?:tar|tar\.\w+|tgz))(?:#sha256=([0-9a-f]{64}))?$/;

/**
 * `debian`, `git`, `git#<ref>`, any URL of git (with or without `git+` before and `#<ref>` behind it), the URL of a tarball with
 * `#sha256=<digest>` behind it, `debs:<folder>`, or a path.
 * @throws FleetError `usage`, code `source-form`; `source-sha256`: a tarball of the network without its digest
 */
export function parseSource(text: string): Source {
  if (text === 'debian') return { kind: 'debian' };
  const upstream = /^git(?:#(.+))?$/.exec(text);
  if (upstream !== null) return git(UPSTREAM, upstream[1]);
  if (/^debs:./.test(text)) return { kind: 'debs', folder: text.slice('debs:'.length) };
  const [, tarball, sha256] = TARBALL_URL.exec(text) ?? [];
  if (tarball !== undefined) return fromNetwork(tarball, sha256);
  const [, url, ref] = GIT_URL.exec(text) ?? [];
  if (url !== undefined) return git(url, ref);
  const isRelative = /^[^:]*\/[^:]*$/.test(text) && !text.startsWith('git+');
  if (isRelative || /^[./]/.test(text)) return { kind: 'path', path: text };
  throw new FleetError({
    kind: 'usage',
    code: 'source-form',
    message: `${JSON.stringify(text)} is no source of RTPEngine`,
    hint: `Write debian, git (${UPSTREAM}), a URL of git such as git+file:///srv/rtpengine.git, debs:FOLDER, the URL of a tarball with #sha256=DIGEST, or the path of a repository, a folder or a tarball (a relative one with ./ before it).`,
    facts: { source: text },
  });
}

/**
 * The same source with its path, if it has one, made absolute.
 * @param folder that a relative path is counted from
 * @throws as `parseSource`
 */
export function sourceFrom(folder: string, text: string): string {
  const source = parseSource(text);
  if (source.kind === 'path') return resolve(folder, source.path);
  if (source.kind === 'debs') return `debs:${resolve(folder, source.folder)}`;
  return text;
}

function fromNetwork(url: string, sha256: string | undefined): Source {
  if (sha256 !== undefined) return { kind: 'tarball', url, sha256 };
  throw new FleetError({
    kind: 'usage',
    code: 'source-sha256',
    message: `${url}: a tarball of the network is only taken with its sha256`,
    hint: `Write ${url}#sha256=DIGEST, as sha256sum prints it for a copy that you trust.`,
    facts: { url },
  });
}

function git(url: string, ref: string | undefined): Source {
  return { kind: 'git', url, ...(ref === undefined ? {} : { ref }) };
}
