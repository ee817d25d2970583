/**
 * Where this machine gets Debian packages from. The builder uses the same mirrors for the releases it builds, so that it
 * works wherever `apt` works, and no host name is written in this project. Pure but for `readHostSources`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FleetError } from '../lib/errors.ts';

/** One archive of apt's configuration: one URI and one suite. */
export type AptSource = {
  readonly uri: string;
  readonly suite: string;
  readonly components: readonly string[];
  /** Absolute path of the keyring, when the source names one. */
  readonly signedBy?: string;
};

/** Where a distribution is, and where its security updates are. */
export type Mirrors = {
  readonly main: string;
  readonly security: string;
  /** Absolute path of the keyring, the same on every system of the distribution. */
  readonly signedBy: string | undefined;
  /** Absolute path of a keyring that is on this machine only. */
  readonly keyring?: string;
  /** Absent: those of Debian. */
  readonly components?: readonly string[];
};

/** Both forms that apt reads: `deb [options] uri suite components…` lines and deb822 stanzas. */
export function parseSources(text: string, form: 'list' | 'sources'): readonly AptSource[] {
  return form === 'list' ? text.split('\n').flatMap(parseLine) : text.split(/\n\s*\n/).flatMap(parseStanza);
}

function parseLine(line: string): readonly AptSource[] {
  const match = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s*(.*?)\s*(?:#.*)?$/.exec(line);
  const [, options = '', uri, suite, components = ''] = match ?? [];
  if (uri === undefined || suite === undefined) return [];
  const keyring = /(?:^|\s)signed-by=(\S+)/i.exec(options)?.[1];
  return [{ uri: trimmed(uri), suite, components: words(components), ...signedBy(keyring) }];
}

function parseStanza(stanza: string): readonly AptSource[] {
  const fields = fieldsOf(stanza);
  const isOff = fields.get('enabled')?.toLowerCase() === 'no';
  if (isOff || !words(fields.get('types') ?? '').includes('deb')) return [];
  const components = words(fields.get('components') ?? '');
  return words(fields.get('uris') ?? '').flatMap((uri) =>
    words(fields.get('suites') ?? '').map((suite) => ({
      uri: trimmed(uri),
      suite,
      components,
      ...signedBy(fields.get('signed-by')),
    })),
  );
}

/** Field names in lower case; a continued line belongs to the field above it; comments are dropped. */
function fieldsOf(stanza: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  let last = '';
  for (const line of stanza.split('\n')) {
    if (line.startsWith('#')) continue;
    const field = /^([A-Za-z-]+):\s*(.*)$/.exec(line);
    if (field?.[1] !== undefined) {
      last = field[1].toLowerCase();
      fields.set(last, field[2]?.trim() ?? '');
    } else if (/^\s/.test(line)) {
      fields.set(last, `${fields.get(last) ?? ''}\n${line.trim()}`);
    }
  }
  return fields;
}

/** A key written into the stanza itself cannot be handed on as a file, so it is left out. */
function signedBy(value: string | undefined): { readonly signedBy?: string } {
  return value?.startsWith('/') ? { signedBy: value } : {};
}

function words(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

function trimmed(uri: string): string {
  return uri.replace(/\/+$/, '');
}

/**
 * The archives among the sources that are Debian's own: `main` for a release, and the one with suite `…-security`.
 * @param codename of the running system, e.g. `bookworm`
 * @throws FleetError `usage`, code `no-debian-mirror`
 */
export function debianMirrors(sources: readonly AptSource[], codename: string): Mirrors {
  const names = [codename, 'stable', 'oldstable', 'testing', 'unstable', 'sid'];
  const usable = sources.filter((source) => source.components.includes('main'));
  const main = usable.find((source) => names.includes(source.suite));
  const security = usable.find((source) => names.some((name) => source.suite.startsWith(`${name}-security`)));
  if (main !== undefined && security !== undefined) {
    return { main: main.uri, security: security.uri, signedBy: main.signedBy ?? security.signedBy };
  }
  const missing = main === undefined ? codename : `${codename}-security`;
  throw new FleetError({
    kind: 'usage',
    code: 'no-debian-mirror',
    message: `/etc/apt names no Debian archive for ${missing}, so there is nowhere to get packages from`,
    hint: 'Add Debian’s main archive and its security suite to /etc/apt/sources.list.d.',
  });
}

/** Every source that apt of this machine would read. */
export function readHostSources(directory = '/etc/apt'): readonly AptSource[] {
  const parts = join(directory, 'sources.list.d');
  const files = [join(directory, 'sources.list'), ...namesIn(parts).map((name) => join(parts, name))];
  return files.flatMap((file) => {
    if (file.endsWith('.list')) return parseSources(textOf(file), 'list');
    return file.endsWith('.sources') ? parseSources(textOf(file), 'sources') : [];
  });
}

/** Which system runs, as os-release(5) names it, e.g. `debian`. */
export function hostId(): string {
  return /^ID=(.*)$/m.exec(textOf('/etc/os-release'))?.[1]?.replaceAll('"', '') ?? '';
}

/** Codename of the running system, e.g. `bookworm`; empty when it has none. */
export function hostCodename(): string {
  return /^VERSION_CODENAME=(.*)$/m.exec(textOf('/etc/os-release'))?.[1]?.replaceAll('"', '') ?? '';
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory).toSorted();
  } catch {
    return [];
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
