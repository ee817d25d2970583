/** What `image:build --list-versions` prints: the releases that a source offers. */
import { FleetError } from '../../lib/errors.ts';
import type { Shop } from '../command.ts';
import { releaseTags } from './resolve.ts';
import { parseSource, UPSTREAM } from './source.ts';
import { listTags } from './tags.ts';

/**
 * @param asJson an array of them instead
 * @returns one release tag a line, oldest first
 * @throws FleetError `usage`, code `no-tags`: the source is no git repository
 */
export async function listVersions(shop: Shop, source: string, asJson = false): Promise<string> {
  const tags = releaseTags([...(await listTags(shop, repositoryOf(source))).keys()]);
  return asJson ? `${JSON.stringify(tags, null, 2)}\n` : tags.map((tag) => `${tag}\n`).join('');
}

function repositoryOf(text: string): string {
  const source = parseSource(text);
  switch (source.kind) {
    case 'git':
      return source.url;
    case 'path':
      return source.path;
    case 'debian':
    case 'tarball':
    case 'debs':
      throw new FleetError({
        kind: 'usage',
        code: 'no-tags',
        message: `${text} offers one version for each base; --list-versions reads the tags of a git repository`,
        hint: `Leave --source out for ${UPSTREAM}, or see with \`image:build --source ${text} --plan\` which version it is.`,
      });
    default:
      return source satisfies never;
  }
}
