/** What the metadata server answers to a read, as Google documents it (cloud.google.com/compute/docs/metadata/querying-metadata). Pure. */
import { createHash } from 'node:crypto';
import type { MetadataTree, MetadataValue } from '../ports.ts';
import type { MetadataQuery } from './query.ts';
import { isDirectory, listing, lookUp, recursiveText, text, toJson } from './tree.ts';

export type Answer = {
  readonly status: number;
  readonly type: 'application/json' | 'application/text' | 'text/html; charset=UTF-8';
  readonly body: string;
  /** Of the contents, the same as long as they are. */
  readonly etag?: string;
  readonly location?: string;
};

export function refusal(status: number, sentence: string): Answer {
  return { status, type: 'text/html; charset=UTF-8', body: `${sentence}\n` };
}

/** The answer to a read of `tree` right now. A directory without its slash is redirected; credentials are never made up. */
export function answer(tree: MetadataTree, query: MetadataQuery): Answer {
  const { path } = query;
  const credential = asksFor('token', path) || asksFor('identity', path);
  if (credential && lookUp(tree, path.slice(0, -1)) !== undefined)
    return refusal(501, `There are no Google credentials here: ${path.join('/')} has no answer.`);
  const value = lookUp(tree, path);
  if (value === undefined) return refusal(404, `Error 404: no metadata at ${path.join('/')}`);
  if (!isDirectory(value)) return leaf(value, query);
  // Google's agent of 2025 asks for whole directories without the slash.
  if (!query.directory && !query.recursive && path.length > 0)
    return {
      ...refusal(301, 'Moved Permanently'),
      location: `/computeMetadata/v1/${path.map(encodeURIComponent).join('/')}/`,
    };
  if (!query.recursive) return list(listing(value), query);
  return query.alt === 'text'
    ? withEtag({ status: 200, type: 'application/text', body: recursiveText(value) })
    : json(toJson(value, path));
}

/** `instance/service-accounts/<account>/token` → the account. */
export function accountOfToken(path: readonly string[]): string | undefined {
  return asksFor('token', path) ? path[2] : undefined;
}

function asksFor(what: 'token' | 'identity', path: readonly string[]): boolean {
  return path.length === 4 && path[1] === 'service-accounts' && path[3] === what;
}

function leaf(value: MetadataValue, { path, alt }: MetadataQuery): Answer {
  if (alt === 'json') return json(toJson(value, path));
  return withEtag({ status: 200, type: 'application/text', body: text(value, path.at(-1)) });
}

function list(names: readonly string[], { alt }: MetadataQuery): Answer {
  if (alt === 'json') return json(names);
  return withEtag({
    status: 200,
    type: 'application/text',
    body: names.map((name) => `${name}\n`).join(''),
  });
}

function json(value: unknown): Answer {
  return withEtag({ status: 200, type: 'application/json', body: JSON.stringify(value) });
}

function withEtag(plain: Answer): Answer {
  return { ...plain, etag: createHash('sha256').update(plain.body).digest('hex').slice(0, 16) };
}

/**
 * True if a `wait_for_change` request is to be answered now with `current`. `before` is the etag of the contents when the request came:
 * without `last_etag` only a change after that counts; with it, any difference from what the client knows. An error is told at once.
 */
export function isChange(query: MetadataQuery, current: Answer, before: string | undefined): boolean {
  if (current.etag === undefined) return true;
  return current.etag !== (query.lastEtag ?? before);
}
