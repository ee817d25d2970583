/** What must not be in an image, since every machine would have it in common or would tell about the builder. Pure. */
import { configOf } from './instances.ts';

/** A file in the image, as an archive lists it. `path` is absolute. */
export type TreeEntry = { readonly path: string; readonly bytes: number };

type Rule = { readonly what: string; readonly path: RegExp; readonly evenEmpty: boolean };

/** After Google's own list (FAI class GCE_CLEAN) and kubernetes-sigs/image-builder's hygiene checks. */
const RULES: readonly Rule[] = [
  { what: 'host keys of sshd', path: /^\/etc\/ssh\/ssh_host_/, evenEmpty: true },
  { what: 'the identity of a machine', path: /^\/etc\/machine-id$/, evenEmpty: false },
  { what: 'the identity of a machine', path: /^\/var\/lib\/dbus\/machine-id$/, evenEmpty: true },
  { what: 'a seed for random numbers', path: /^\/var\/lib\/systemd\/random-seed$/, evenEmpty: true },
  { what: 'the name of the builder', path: /^\/etc\/hostname$/, evenEmpty: true },
  {
    what: 'lists of packages',
    path: /^\/var\/lib\/apt\/lists\/.*(Packages|InRelease|Sources)/,
    evenEmpty: true,
  },
  { what: 'downloaded packages', path: /\.deb$/, evenEmpty: true },
  { what: 'logs', path: /^\/var\/log\/(?!journal|private|README|rtpengine)[^/]+/, evenEmpty: false },
  { what: 'a core dump', path: /^\/(?:var\/lib\/systemd\/coredump\/.+|core(?:\.\d+)?)$/, evenEmpty: true },
  { what: 'authorized keys', path: /\/\.ssh\/authorized_keys$/, evenEmpty: true },
  { what: 'the history of a shell', path: /\/\.(?:bash|ash|sh)_history$/, evenEmpty: true },
  { what: 'an instance of cloud-init', path: /^\/var\/lib\/cloud\//, evenEmpty: true },
];

/** Files that a relay cannot do without: one of each line. */
const REQUIRED: readonly (readonly [path: string, ...others: readonly string[]])[] = [
  ['/usr/bin/rtpengine'],
  ['/usr/sbin/rtpfleet-config'],
  ['/usr/lib/rtpfleet/rtpengine.conf.in', configOf(1)],
  ['/etc/machine-id'],
];

/** One sentence for everything that is in the tree and should not be, or should be and is not. */
export function hygieneProblems(entries: readonly TreeEntry[]): readonly string[] {
  const found = entries.flatMap((entry) =>
    RULES.filter((rule) => rule.path.test(entry.path) && (rule.evenEmpty || entry.bytes > 0)).map(
      (rule) => `${entry.path}: ${rule.what}`,
    ),
  );
  const paths = new Set(entries.map((entry) => entry.path));
  const missing = REQUIRED.filter((names) => !names.some((name) => paths.has(name)));
  return [...found, ...missing.map(([path]) => `${path}: is missing`)];
}

/** Reads `tar --list --verbose`: `-rw-r--r-- 0/0  123 2025-01-01 00:00 ./etc/fstab`; folders are left out. */
export function parseListing(text: string): readonly TreeEntry[] {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('d'));
  return lines.flatMap((line) => {
    const [, bytes, path] = /^\S+ +\S+ +(\d+) \S+ \S+ \.(\/.*?)(?: -> .*| link to .*)?$/.exec(line) ?? [];
    return path === undefined ? [] : [{ path, bytes: Number(bytes) }];
  });
}

/** Compilers, headers and what only building needs: `gcc`, `gcc-14-x86-64-linux-gnu`, `libc6-dev`, `linux-headers-…`, `dkms`. Not
 * `systemd-dev`, which holds no header and which Ubuntu's udev asks for. */
const DEVELOPMENT =
  /^(?:(?:gcc|g\+\+|cpp|clang)(?:-\d+)?(?:-x86-64-linux-gnu|-aarch64-linux-gnu)?|make|git|dkms|binutils|build-essential|linux-(?:headers|kbuild)-.*|(?!systemd-dev$).*-dev)$/;

/** Packages that a relay has no use for and an intruder has. */
export function developmentPackages(names: readonly string[]): readonly string[] {
  return names.filter((name) => DEVELOPMENT.test(name));
}
