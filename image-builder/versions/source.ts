/** Where RTPEngine comes from, as `--source` and the fleet file's `image.source` write it. Pure. */
import { FleetError } from '../../lib/errors.ts';

export const UPSTREAM = 'https://github.com/sipwise/rtpengine';

export type Source =
  | { readonly kind: 'debian' }
  /** `ref`: a branch, tag or commit in place of the version's tag. */
  | { readonly kind: 'git'; readonly url: string; readonly ref?: string }
  /** A git repository, a folder or a tarball on this machine: looking at it tells. */
  | { readonly kind: 'path'; readonly path: string }
  /** A folder of packages that are built already. */
  | { readonly kind: 'debs'; readonly folder: string };

const GIT_URL = /^(?:git\+)?((?:https?|ssh|git|file):\/\/[^#]+|[\w.-]+@[\w.-]+:[^#]+)(?:#(.+))?$/;

/**
 * `debian`, `git`, `git#<ref>`, any URL of git (with or without `git+` before and `#<ref>` behind it), `debs:<folder>`, or a path.
 * @throws FleetError `usage`, code `source-form`
 */
export function parseSource(text: string): Source {
  if (text === 'debian') return { kind: 'debian' };
  const upstream = /^git(?:#(.+))?$/.exec(text);
  if (upstream !== null) return git(UPSTREAM, upstream[1]);
  if (/^debs:./.test(text)) return { kind: 'debs', folder: text.slice('debs:'.length) };
  if (!/\.tar\.\w+$/.test(text)) {
    const [, url, ref] = GIT_URL.exec(text) ?? [];
    if (url !== undefined) return git(url, ref);
  }
  const isRelative = /^[^:]*\/[^:]*$/.test(text) && !text.startsWith('git+');
  if (isRelative || /^[./]/.test(text)) return { kind: 'path', path: text };
  throw new FleetError({
    kind: 'usage',
    code: 'source-form',
    message: `${JSON.stringify(text)} is no source of RTPEngine`,
    hint: `Write debian, git (${UPSTREAM}), a URL of git such as git+file:///srv/rtpengine.git, debs:FOLDER, or the path of a repository, a folder or a tarball.`,
    facts: { source: text },
  });
}

function git(url: string, ref: string | undefined): Source {
  return { kind: 'git', url, ...(ref === undefined ? {} : { ref }) };
}
