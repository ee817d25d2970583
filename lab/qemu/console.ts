/** What must not be on the console of a machine that boots. Pure. */

type Sign = { readonly what: string; readonly pattern: RegExp; readonly isFatal: boolean };

/** Words of the firmware (EDK II, both as measured), in the lines of systemd-boot and of the firmware's own boot manager. */
const REFUSED =
  /(?:Error loading (?<file>\\\S+)|BdsDxe: failed to (?:load|start) Boot\w+ "(?<option>[^"]*)".*): (?:Access Denied|Security Violation)/i;

/**
 * After kola's table (coreos-assembler mantle/kola/harness.go). Not `soft lockup` and `rcu stall`: on a busy host emulation
 * is slow enough for them, and they say nothing about the image.
 */
const SIGNS: readonly Sign[] = [
  { what: 'kernel panic', pattern: /Kernel panic - not syncing/, isFatal: true },
  { what: 'kernel oops', pattern: /\bOops: |Oops:\s|general protection fault/, isFatal: true },
  { what: 'kernel bug', pattern: /kernel BUG at|\bBUG: (?!soft lockup|workqueue lockup)/, isFatal: true },
  { what: 'out of memory', pattern: /Out of memory: |oom-kill:|invoked oom-killer/, isFatal: false },
  { what: 'crash of a program', pattern: /\bsegfault at |traps: .* general protection/, isFatal: false },
  { what: 'broken file system', pattern: /EXT4-fs error|I\/O error, dev/, isFatal: false },
  { what: 'failed unit', pattern: /\[\s*FAILED\s*\]|\[\s*DEPEND\s*\]/, isFatal: false },
  { what: 'circle of units', pattern: /Found ordering cycle|Ordering cycle found/, isFatal: false },
  {
    what: 'emergency shell',
    pattern: /You are in emergency mode|Entering emergency mode|\(initramfs\)/,
    isFatal: true,
  },
  { what: 'refusal by Secure Boot', pattern: REFUSED, isFatal: true },
  { what: 'no kernel', pattern: /no kernel could be started|BdsDxe: No bootable option/, isFatal: true },
];

export type ConsoleProblem = {
  /** Of `SIGNS`, e.g. `kernel panic`. */
  readonly what: string;
  readonly line: string;
  /** The machine will not get any further. */
  readonly isFatal: boolean;
};

/** Colours, cursor moves and other escapes of terminals (ECMA-48), and control characters. */
const ESCAPES = new RegExp(
  `${String.fromCharCode(27)}(?:\\[[0-?]*[ -/]*[@-~]|[()][A-Z0-9]|[=>78c])|[${String.fromCharCode(0)}-${String.fromCharCode(9)}${String.fromCharCode(11)}-${String.fromCharCode(31)}]`,
  'g',
);

/** The lines of a console as a person reads them. */
export function linesOf(serial: string): readonly string[] {
  return serial
    .split('\n')
    .map((line) => line.replaceAll(ESCAPES, '').trimEnd())
    .filter((line) => line !== '');
}

/** Every line that must not be there, in order; each line once, under the first sign that fits. */
export function consoleProblems(serial: string): readonly ConsoleProblem[] {
  return linesOf(serial).flatMap((line) => {
    const sign = SIGNS.find(({ pattern }) => pattern.test(line));
    return sign === undefined ? [] : [{ what: sign.what, line, isFatal: sign.isFatal }];
  });
}

/** What Secure Boot kept from starting, the first of it; undefined: nothing. */
export function refusedBySecureBoot(serial: string): string | undefined {
  for (const line of linesOf(serial)) {
    const { file, option } = REFUSED.exec(line)?.groups ?? {};
    if (file !== undefined) return file;
    if (option !== undefined) return `the boot loader of ${option.trim()}`;
  }
  return undefined;
}
