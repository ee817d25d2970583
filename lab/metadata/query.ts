/** The request line of a metadata request. Pure. */

export type MetadataQuery = {
  /** Below `/computeMetadata/v1/`, without empty parts (Google's own agent asks for `v1//`). */
  readonly path: readonly string[];
  /** Ends in a slash: asks for a directory. */
  readonly directory: boolean;
  readonly recursive: boolean;
  readonly alt: 'json' | 'text' | undefined;
  readonly waitForChange: boolean;
  readonly lastEtag: string | undefined;
  /** Seconds; undefined: for ever. */
  readonly timeoutSec: number | undefined;
};

const PREFIX = /^\/computeMetadata\/v1(?=\/)/;

/** undefined: not a path of this API. `bad`: what is wrong with a parameter. */
export function parseQuery(url: string): MetadataQuery | { readonly bad: string } | undefined {
  const { pathname, searchParams } = new URL(`http://metadata${url.startsWith('/') ? url : '/'}`);
  if (!PREFIX.test(pathname)) return undefined;
  const rest = pathname.replace(PREFIX, '');
  const alt = searchParams.get('alt')?.toLowerCase();
  if (alt !== undefined && alt !== 'json' && alt !== 'text') return { bad: `alt=${alt}` };
  const timeout = searchParams.get('timeout_sec');
  if (timeout !== null && !/^\d+$/.test(timeout)) return { bad: `timeout_sec=${timeout}` };
  return {
    path: rest.split('/').filter(Boolean).map(decode),
    directory: rest.endsWith('/'),
    recursive: isTrue(searchParams.get('recursive')),
    alt,
    waitForChange: isTrue(searchParams.get('wait_for_change')),
    lastEtag: searchParams.get('last_etag') ?? undefined,
    timeoutSec: timeout === null || timeout === '0' ? undefined : Number(timeout),
  };
}

function isTrue(value: string | null): boolean {
  return value?.toLowerCase() === 'true';
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
