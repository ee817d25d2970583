/**
 * The tree of metadata and its shapes: paths are dashed (`network-interfaces/0/ip`), recursive JSON is in camel case
 * (`networkInterfaces`), and what users named (attributes, service accounts) is left as it is. Pure.
 */
import type { MetadataTree, MetadataValue } from '../ports.ts';

/** Directories whose entries are names that users gave, at any depth for the first two. */
const USER_NAMED = ['attributes', 'guest-attributes', 'service-accounts'];

export function isDirectory(value: MetadataValue): value is MetadataTree | readonly MetadataTree[] {
  if (Array.isArray(value)) return value.length > 0 && value.every(isTree);
  return isTree(value);
}

function isTree(value: MetadataValue): value is MetadataTree {
  return typeof value === 'object' && !Array.isArray(value);
}

/** Entries of a directory; those of a list are numbered from 0. */
export function entriesOf(
  directory: MetadataTree | readonly MetadataTree[],
): readonly [string, MetadataValue][] {
  return Array.isArray(directory)
    ? directory.map((item, index): [string, MetadataValue] => [String(index), item])
    : Object.entries(directory);
}

/** What is at a path; undefined: nothing. A list of directories that is empty is an empty directory. */
export function lookUp(tree: MetadataTree, path: readonly string[]): MetadataValue | undefined {
  let value: MetadataValue | undefined = tree;
  for (const name of path) {
    if (value === undefined || !isDirectory(value)) return undefined;
    value = entriesOf(value).find(([key]) => key === name)?.[1];
  }
  return value;
}

/** The listing of a directory: one name a line, directories with a slash, in order of the alphabet. */
export function listing(directory: MetadataTree | readonly MetadataTree[]): readonly string[] {
  return entriesOf(directory)
    .map(([key, value]) => (isDirectory(value) ? `${key}/` : key))
    .sort();
}

/** The value as recursive JSON shows it; `path` says where it hangs, since names below user-named directories are kept. */
export function toJson(value: MetadataValue, path: readonly string[] = []): unknown {
  if (Array.isArray(value)) return value.map((item: MetadataValue) => toJson(item, path));
  if (!isTree(value)) return isNumeric(path, value) ? rawNumber(value) : plain(value);
  const verbatim = isUserNamed(path);
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [verbatim ? key : camel(key), toJson(inner, [...path, key])]),
  );
}

function plain(value: MetadataValue): MetadataValue {
  return typeof value === 'boolean' ? text(value) : value;
}

/** Ids are JSON numbers on GCE, and longer than what a JavaScript number keeps. */
function isNumeric(path: readonly string[], value: MetadataValue): value is string {
  const place = path.join('/');
  const isId = place === 'instance/id' || place === 'project/numeric-project-id';
  return isId && typeof value === 'string' && /^\d+$/.test(value);
}

/** V8 has `JSON.rawJSON` since Node 21; the compiler's library for es2024 does not. */
function rawNumber(digits: string): unknown {
  const { rawJSON } = JSON as unknown as { readonly rawJSON: (text: string) => unknown };
  return rawJSON(digits);
}

function isUserNamed(path: readonly string[]): boolean {
  const last = path.at(-1) ?? '';
  return USER_NAMED.includes(last) || path.includes('guest-attributes');
}

function camel(key: string): string {
  return key.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** The value of one entry as text: lists one item a line, except tags, which are JSON also on GCE. */
export function text(value: MetadataValue, name = ''): string {
  if (typeof value === 'boolean') return value ? 'TRUE' : 'FALSE';
  if (Array.isArray(value) && name !== 'tags')
    return value.map((item: MetadataValue) => `${text(item)}\n`).join('');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** `recursive=true&alt=text`: a line `path value` for each entry, paths relative to where it was asked. */
export function recursiveText(value: MetadataValue, prefix = ''): string {
  if (!isDirectory(value)) return `${prefix} ${text(value, prefix.split('/').at(-1))}\n`;
  return entriesOf(value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => recursiveText(inner, prefix === '' ? key : `${prefix}/${key}`))
    .join('');
}
