/**
 * RTPEngine releases as upstream tags them: `mr12.5.1.31`. Pure.
 * A partial version (`mr12.5`) stands for the newest release that begins with it.
 */
import { FleetError } from './errors.ts';

/** The numbers of a tag, most significant first: `mr12.5.1.31` → `[12, 5, 1, 31]`. */
export type VersionParts = readonly number[];

/** The word for the newest release of all. */
export const LATEST = 'latest';

const TAG = /^mr((?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*)){0,3})$/;

/** The numbers of a full or partial tag; undefined when the text is no tag. */
export function parseVersion(tag: string): VersionParts | undefined {
  return TAG.exec(tag)?.[1]?.split('.').map(Number);
}

/** `[12, 5, 1, 31]` → `mr12.5.1.31`. */
export function formatVersion(parts: VersionParts): string {
  return `mr${parts.join('.')}`;
}

/** Negative, 0 or positive as `a` is older than, the same as or newer than `b`; both must be tags. */
export function compareVersions(a: string, b: string): number {
  const left = required(a);
  const right = required(b);
  for (let place = 0; place < Math.max(left.length, right.length); place++) {
    const difference = (left[place] ?? 0) - (right[place] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/**
 * The upstream tag behind a Debian version: epoch, revision and repack suffix are Debian's own.
 * `12.5.1.31-1` → `mr12.5.1.31`; `1:10.5.3.5+dfsg-1+b2` → `mr10.5.3.5`. Undefined: not of that form.
 */
export function versionOfDebian(version: string): string | undefined {
  const upstream = /^(?:\d+:)?(\d+(?:\.\d+){1,3})(?:[+~-].*)?$/.exec(version)?.[1];
  return upstream === undefined ? undefined : `mr${upstream}`;
}

/** Whether a version can be asked for by this word: a full or partial tag, or `latest`. */
export function isVersionWord(word: string): boolean {
  return word === LATEST || parseVersion(word) !== undefined;
}

/** The newest of `offered` that is `wanted` or begins with all of its numbers (`latest`: of all); undefined: none. */
export function resolveVersion(wanted: string, offered: readonly string[]): string | undefined {
  const parts = wanted === LATEST ? [] : required(wanted);
  return offered
    .filter((tag) => parts.every((part, place) => parseVersion(tag)?.[place] === part))
    .toSorted(compareVersions)
    .at(-1);
}

function required(tag: string): VersionParts {
  const parts = parseVersion(tag);
  if (parts !== undefined) return parts;
  throw new FleetError({
    kind: 'usage',
    code: 'version-form',
    message: `${JSON.stringify(tag)} is no RTPEngine version`,
    hint: 'Write it as upstream tags it, for example mr12.5.1.31.',
    facts: { version: tag },
  });
}
