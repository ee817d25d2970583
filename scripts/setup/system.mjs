/**
 * The part of set-up that needs root: Debian packages. Started by `main.mjs` for one purpose, under a lock of the whole
 * machine, through sudo where the user is not root.
 */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { checkSpace, which } from './machine.mjs';
import { isPurpose, missing, NEEDS } from './purposes.mjs';
import { run } from './run.mjs';
import { complain, SetupError, say } from './say.mjs';

/** Debian asks this file whether a package may start its service (invoke-rc.d(8)). */
const POLICY = '/usr/sbin/policy-rc.d';
/** Packages that are being installed; it stays when that is cut short, for the next run to finish. */
export const UNFINISHED = '/var/lib/rtpfleet-setup.unfinished';
const POLICY_TEXT =
  '#!/bin/sh\n# Written by the set-up of rtpfleet while it installs packages: starts no service.\nexit 101\n';

/** An unattended upgrade may hold dpkg's lock for a while. */
const APT = ['--yes', '--no-install-recommends', '--option=DPkg::Lock::Timeout=180'];
const KEEP_SETTINGS = [
  '--option=Dpkg::Options::=--force-confold',
  '--option=Dpkg::Options::=--force-confdef',
];
/** The last one: Ubuntu's needrestart would restart services of the machine. */
const APT_ENV = { DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8', NEEDRESTART_SUSPEND: '1' };

const SPACE = 2 ** 30;

/**
 * Runs `work` while packages may not start services. A policy of the machine's own stays in force.
 * @template T
 * @param {() => Promise<T>} work
 * @param {string} [file]
 * @returns {Promise<T>}
 */
export async function withServicesOff(work, file = POLICY) {
  const isOurs = !existsSync(file) || readFileSync(file, 'utf8') === POLICY_TEXT; // Ours: of a killed run.
  if (isOurs) writeFileSync(file, POLICY_TEXT, { mode: 0o755 });
  try {
    return await work();
  } finally {
    if (isOurs) rmSync(file, { force: true });
  }
}

/** @param {readonly import('./purposes.mjs').Need[]} needs */
async function install(needs) {
  const packages = [...new Set(needs.map((need) => need.package))];
  checkSpace('/var', SPACE, 'Debian packages');
  await withServicesOff(async () => {
    await finishInterrupted();
    await download(packages);
    writeFileSync(UNFINISHED, packages.join(' '));
    say(`installing Debian packages: ${packages.join(' ')}`);
    const args = ['install', ...APT, ...KEEP_SETTINGS, ...packages];
    const { code, tail } = await run('apt-get', args, { env: APT_ENV, unbroken: true });
    if (code !== 0) throw failed(`apt-get could not install ${packages.join(' ')}`, tail);
  });
  await leaveOff(needs);
  rmSync(UNFINISHED);
}

/** dpkg keeps a journal here while it works, and refuses new work until an interrupted one is finished. */
async function finishInterrupted() {
  const journal = '/var/lib/dpkg/updates';
  if (!existsSync(journal) || readdirSync(journal).length === 0) return;
  say('finishing an interrupted installation of packages (dpkg --configure -a)');
  const { code, tail } = await run('dpkg', ['--configure', '-a'], { env: APT_ENV, unbroken: true });
  if (code !== 0) throw failed('dpkg could not finish an interrupted installation', tail);
}

/**
 * Lists that are absent or older than the mirror are the usual reason for a failure, so they are read anew once.
 * @param {readonly string[]} packages
 */
async function download(packages) {
  const fetch = async () => {
    say(`fetching Debian packages: ${packages.join(' ')}`);
    return await run('apt-get', ['install', '--download-only', ...APT, ...packages], { env: APT_ENV });
  };
  if (hasLists() && (await fetch()).code === 0) return;
  say('reading the package lists of the mirrors (apt-get update)');
  const update = await run('apt-get', ['update', '--option=APT::Update::Error-Mode=any'], { env: APT_ENV });
  const { code, tail } = await fetch();
  // What kept it from reading the lists says more than that a package is not in them.
  const why = update.code === 0 ? tail : update.tail;
  if (code !== 0) throw failed(`apt-get could not fetch ${packages.join(' ')}`, why);
}

function hasLists() {
  const folder = '/var/lib/apt/lists';
  return existsSync(folder) && readdirSync(folder).some((name) => /_(Packages|Release|InRelease)/.test(name));
}

/**
 * @param {string} what
 * @param {string} tail
 */
function failed(what, tail) {
  return new SetupError(
    `${what}:\n    ${tail}`,
    'Mend what these lines say (network, mirrors in /etc/apt, another installation), then run the same command again.',
  );
}

/**
 * Nor may a service start with the next boot: rtpfleet starts these programs itself.
 * @param {readonly import('./purposes.mjs').Need[]} needs
 */
async function leaveOff(needs) {
  const services = needs.flatMap((need) => need.service ?? []);
  if (services.length === 0 || which('systemctl') === undefined) return;
  await run('systemctl', ['disable', '--quiet', ...services]);
  say(`left switched off: ${services.join(' ')}`);
}

/** @param {string} purpose */
async function prepareSystem(purpose) {
  // Asked again under the lock: another set-up may have installed them meanwhile.
  const needs = isPurpose(purpose) ? missing(purpose, (program) => which(program) !== undefined) : [];
  const unfinished = existsSync(UNFINISHED) ? readFileSync(UNFINISHED, 'utf8').split(' ') : [];
  const rest = NEEDS.filter((need) => unfinished.includes(need.package) && !needs.includes(need));
  if (needs.length + rest.length > 0) await install([...needs, ...rest]);
  return 0;
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  process.exitCode = await prepareSystem(process.argv[2] ?? '').catch(complain);
}
