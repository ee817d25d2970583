/**
 * What each purpose needs of a Debian machine, said once: a program of the system, the package that holds it, who wants it.
 * Data and pure functions.
 */

/** @typedef {'demo' | 'test' | 'lab' | 'image' | 'boot' | 'check' | 'rollout' | 'infra'} Purpose */
/** @typedef {{
 *   readonly program: string,
 *   readonly package: string,
 *   readonly service?: string,
 *   readonly for: readonly Purpose[],
 * }} Need */
/** @typedef {{ readonly needsRoot: boolean }} PurposeFacts */

/** Who starts machines, bridges and mounts is root. */
/** @type {Readonly<Record<Purpose, PurposeFacts>>} */
export const PURPOSES = {
  demo: { needsRoot: true },
  test: { needsRoot: true },
  lab: { needsRoot: true },
  image: { needsRoot: false },
  boot: { needsRoot: true },
  check: { needsRoot: false },
  rollout: { needsRoot: false },
  infra: { needsRoot: false },
};

/** @type {readonly Purpose[]} */
const LAB = ['lab', 'demo', 'boot', 'test'];
/** @type {readonly Purpose[]} */
const IMAGE = ['image', 'demo', 'test'];

/**
 * `program`: its name, or the whole path of a file where the package has no program.
 * `service`: the unit that Debian's package would start and enable; set-up leaves it off, since rtpfleet starts the
 * program itself, with its own configuration and addresses.
 * @type {readonly Need[]}
 */
export const NEEDS = [
  { program: 'systemd-nspawn', package: 'systemd-container', for: LAB },
  { program: 'ip', package: 'iproute2', for: LAB },
  { program: 'dnsmasq', package: 'dnsmasq-base', for: LAB },
  { program: 'sysctl', package: 'procps', for: LAB },
  { program: 'sfdisk', package: 'fdisk', for: LAB },
  { program: 'redis-server', package: 'redis-server', service: 'redis-server.service', for: LAB },
  { program: 'openssl', package: 'openssl', for: LAB },
  { program: 'mmdebstrap', package: 'mmdebstrap', for: IMAGE },
  { program: 'newuidmap', package: 'uidmap', for: IMAGE },
  { program: 'qemu-system-x86_64', package: 'qemu-system-x86', for: ['boot', 'test'] },
  { program: '/usr/share/OVMF/OVMF_CODE_4M.fd', package: 'ovmf', for: ['boot', 'test'] },
  { program: 'gpg', package: 'gnupg', for: ['test'] },
  { program: 'git', package: 'git', for: ['image', 'test'] },
  {
    program: 'rtpengine',
    package: 'rtpengine-daemon',
    service: 'rtpengine-daemon.service',
    for: ['test'],
  },
  { program: 'kamailio', package: 'kamailio', service: 'kamailio.service', for: ['test'] },
  { program: 'sipp', package: 'sip-tester', for: ['test'] },
  { program: 'shellcheck', package: 'shellcheck', for: ['check'] },
];

/** Part of every Debian system, however small, so never installed. */
export const ALWAYS_THERE = ['apt', 'gzip', 'mount', 'tar', 'util-linux'];

/**
 * @param {string} word
 * @returns {word is Purpose}
 */
export function isPurpose(word) {
  return Object.hasOwn(PURPOSES, word);
}

/**
 * @param {Purpose} purpose
 * @returns {readonly Need[]}
 */
export function needsOf(purpose) {
  return NEEDS.filter((need) => need.for.includes(purpose));
}

/**
 * The needs of a purpose that the machine does not meet.
 * @param {Purpose} purpose
 * @param {(program: string) => boolean} isThere
 * @returns {readonly Need[]}
 */
export function missing(purpose, isThere) {
  return needsOf(purpose).filter((need) => !isThere(need.program));
}
