/** Asks a git repository for its tags: any URL that git knows, a local path, a bare mirror. Nothing is downloaded. */
import { FleetError, isFleetError, reasonOf } from '../../lib/errors.ts';
import { runCommand, type Shop } from '../command.ts';
import { checkPrograms } from '../host.ts';

/** Tag → commit. */
export type Tags = ReadonlyMap<string, string>;

const PREFIX = 'refs/tags/';
/** What git adds to the line that names the commit behind an annotated tag. */
const PEELED = '^{}';

/** No question on a terminal that nobody watches. */
export const GIT_ENV = { GIT_TERMINAL_PROMPT: '0', GIT_SSH_COMMAND: 'ssh -oBatchMode=yes' } as const;

/** @throws FleetError `usage`, code `no-source`: it cannot be reached or is no repository */
export async function listTags(shop: Shop, url: string): Promise<Tags> {
  return parseTags(await askRemote(shop, url, ['--tags', '--', url]));
}

/**
 * The commit that a branch, tag or full commit id stands for.
 * @throws FleetError `usage`, code `no-source` or `unknown-ref`
 */
export async function commitOf(shop: Shop, url: string, ref: string): Promise<string> {
  if (/^[0-9a-f]{40}$/.test(ref)) return ref;
  const answer = await askRemote(shop, url, ['--', url, ref, `${ref}${PEELED}`]);
  const lines = answer.split('\n').filter((line) => line !== '');
  const line = lines.find((text) => text.endsWith(PEELED)) ?? lines[0];
  const commit = line?.split('\t')[0];
  if (commit !== undefined) return commit;
  throw new FleetError({
    kind: 'usage',
    code: 'unknown-ref',
    message: `${url} has no branch or tag ${ref}`,
    hint: 'Write a branch, a tag or all 40 digits of a commit behind the #.',
  });
}

/** `<commit> TAB refs/tags/<tag>` lines; for an annotated tag the line with the commit behind it counts. Pure. */
export function parseTags(text: string): Tags {
  const tags = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [id = '', ref = ''] = line.split('\t');
    if (!ref.startsWith(PREFIX)) continue;
    const name = ref.slice(PREFIX.length);
    if (name.endsWith(PEELED)) tags.set(name.slice(0, -PEELED.length), id);
    else if (!tags.has(name)) tags.set(name, id);
  }
  return tags;
}

async function askRemote(shop: Shop, url: string, words: readonly string[]): Promise<string> {
  checkPrograms({ git: 'git' });
  try {
    return await runCommand(shop, ['git', 'ls-remote', '--quiet', ...words], { env: GIT_ENV });
  } catch (error) {
    if (!isFleetError(error) || error.kind === 'interrupted') throw error;
    const lines = reasonOf(error).split('\n').slice(1);
    throw new FleetError({
      kind: 'usage',
      code: 'no-source',
      message: `${url}: git cannot read it: ${lines.map((line) => line.trim()).join(' ')}`,
      hint: 'Name a repository that this machine reaches with --source, for example a mirror: --source git+file:///srv/rtpengine.git.',
      facts: { url },
      cause: error,
    });
  }
}
