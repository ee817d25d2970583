/** `pnpm image:boot IMAGE`: boots an image in QEMU and says whether it is fit. */
import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { Fleet } from '../../configs/fleet.ts';
import { instancesOf } from '../../configs/instances.ts';
import { loadFleet } from '../../configs/load.ts';
import { ARCHITECTURES, type ArchitectureName } from '../../image-builder/architecture.ts';
import { openCache } from '../../image-builder/cache.ts';
import { EXIT, exitCodeOf, FleetError, reasonOf, wordError } from '../../lib/errors.ts';
import { guardOutput } from '../../lib/output.ts';
import { cleanUp } from '../cleanup.ts';
import { listenForInterrupt } from '../demo/interrupt.ts';
import { identify, isAlive } from '../host/processes.ts';
import { unpackDisk } from '../images/archive.ts';
import { MARK } from '../preflight.ts';
import { type BootOrder, bootImage } from './boot.ts';
import { BUSES, type Bus, EMULATORS, FIRMWARES, type Firmware } from './command.ts';
import { type FoundDisk, findDisk } from './find-disk.ts';
import { wordReport } from './words.ts';

type Words = {
  readonly firmware: Firmware;
  readonly disk: Bus;
  readonly fleet: string;
  readonly cpus: number;
  readonly within: number;
  readonly secureBoot?: string;
  readonly json?: boolean;
};

function program(done: (code: number) => void): Command {
  return new Command('image-boot')
    .description(
      'Boot an image in QEMU (software emulation, some two minutes) with a metadata server, and make a call through it.',
    )
    .argument('<image>', 'an image of the cache by name, or the path of a .tar.gz, .raw or .qcow2')
    .addOption(new Option('--firmware <kind>', 'what starts it').choices([...FIRMWARES]).default('uefi'))
    .addOption(
      new Option('--disk <bus>', 'how its disk is plugged in').choices([...BUSES]).default('virtio-scsi'),
    )
    .option('--secure-boot <certificate>', 'its firmware starts only what this certificate (PEM) has signed')
    .option('--fleet <file>', 'fleet file, for the ports of ng', 'configs/fleets/lab.yaml')
    .option('--cpus <count>', 'emulated processors', processors, 1)
    .option('--within <seconds>', 'the machine must be up within this', seconds, 300)
    .option('--json', 'print the report as JSON and nothing else')
    .exitOverride()
    .action(async (image: string, words: Words) => done(await boot(image, words)));
}

function seconds(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 10 && value <= 3600) return value;
  throw new InvalidArgumentError('whole seconds, 10 to 3600');
}

function processors(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 8) return value;
  throw new InvalidArgumentError('a whole number, 1 to 8');
}

async function boot(word: string, words: Words): Promise<number> {
  const fleet = loadFleet(words.fleet);
  const found = findDisk(word, process.env);
  const architecture = architectureOf(found, fleet);
  checkFirmware(architecture, words.firmware);
  const signer = signerOf(words, architecture);
  if (process.getuid?.() !== 0) throw notRoot();
  const interrupt = listenForInterrupt();
  const folder = await newFolder();
  try {
    if (words.json !== true) process.stderr.write(`Booting ${word} (${words.firmware}, ${words.disk}) …\n`);
    const report = await bootImage({
      ...{ folder, firmware: words.firmware, bus: words.disk, disk: await diskOf(found, folder), signer },
      ...{
        architecture,
        cpus: words.cpus,
        ngPorts: instancesOf(fleet.rtpengine).map(({ ngPort }) => ngPort),
      },
      ...{ version: found.manifest?.version, withinSeconds: words.within },
      signal: interrupt.signal,
    });
    const log = await keepConsole(`${found.manifest?.image ?? 'disk'}-${words.firmware}`, report.serial);
    const { serial: _, ...rest } = report;
    const facts = { image: word, firmware: words.firmware, disk: words.disk, ...rest, log };
    process.stdout.write(
      words.json === true ? `${JSON.stringify(facts, null, 2)}\n` : wordReport(report, log),
    );
    return report.ok ? EXIT.done : EXIT.halted;
  } finally {
    await cleanUp(folder);
    interrupt.forget();
  }
}

/** A disk without a record is for what the fleet file says. */
function architectureOf({ manifest }: FoundDisk, { image }: Fleet): ArchitectureName {
  if (manifest === undefined) return image.architecture;
  return manifest.architecture === ARCHITECTURES.arm64.gce ? 'arm64' : 'amd64';
}

function signerOf({ secureBoot, firmware }: Words, architecture: ArchitectureName): Buffer | undefined {
  if (secureBoot === undefined) return undefined;
  if (firmware !== 'uefi') throw badSecureBoot('a BIOS has no Secure Boot');
  if (architecture !== 'amd64') throw badSecureBoot(`it is for amd64, and the image for ${architecture}`);
  try {
    return new X509Certificate(readFileSync(secureBoot)).raw;
  } catch (error) {
    throw badSecureBoot(`${secureBoot} is no readable certificate: ${reasonOf(error)}`);
  }
}

function badSecureBoot(why: string): FleetError {
  return new FleetError({
    kind: 'usage',
    code: 'secure-boot-key',
    message: `--secure-boot: ${why}`,
    hint: 'Name the certificate of image.secureBoot, and leave out --firmware.',
  });
}

/** @throws FleetError `usage`, code `no-emulator` or `no-bios` */
function checkFirmware(architecture: ArchitectureName, firmware: Firmware): void {
  if (firmware === 'bios' && !ARCHITECTURES[architecture].hasBios)
    throw new FleetError({
      kind: 'usage',
      code: 'no-bios',
      message: `an image for ${architecture} starts by no BIOS`,
      hint: 'Boot it with --firmware uefi.',
    });
  const { code, packages } = EMULATORS[architecture];
  if (firmware === 'uefi' && !existsSync(code))
    throw new FleetError({
      kind: 'usage',
      code: 'no-emulator',
      message: `${code} is not there, which starts an image for ${architecture}`,
      hint: `Run as root: apt-get install ${packages}`,
    });
}

async function diskOf({ file, form }: FoundDisk, folder: string): Promise<BootOrder['disk']> {
  if (form !== 'archive') return { file, format: form, isOwn: false };
  const place = join(folder, 'disk');
  await unpackDisk(file, place);
  return { file: join(place, 'disk.raw'), format: 'raw', isOwn: true };
}

/** A folder that is named by this process; those of processes that were killed are cleaned up. */
async function newFolder(): Promise<string> {
  const all = join(tmpdir(), 'rtpfleet-boot');
  await mkdir(all, { recursive: true });
  for (const name of await readdir(all)) {
    const [pid, startTime = '', ...boot] = name.split('.');
    if (!(await isAlive({ pid: Number(pid), startTime, boot: boot.join('.') })))
      await cleanUp(join(all, name));
  }
  const own = await identify(process.pid);
  const folder = join(all, [own?.pid, own?.startTime, own?.boot].join('.'));
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, MARK), '');
  return folder;
}

/** @returns the file that holds the console from now on */
async function keepConsole(name: string, serial: string): Promise<string> {
  const folder = join(openCache(process.env).root, 'boot');
  await mkdir(folder, { recursive: true });
  const log = join(folder, `${name}.log`);
  await rm(log, { force: true });
  await writeFile(log, serial);
  return log;
}

function notRoot(): FleetError {
  return new FleetError({
    kind: 'usage',
    code: 'not-root',
    message: 'Booting an image makes a network for it, which takes root.',
    hint: 'Start it with `pnpm image:boot`, which asks for root through sudo, or as root.',
  });
}

async function main(argv: readonly string[]): Promise<number> {
  let code: number = EXIT.done;
  const args = argv[0] === '--' ? argv.slice(1) : argv;
  try {
    await program((result) => {
      code = result;
    }).parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    process.stderr.write(`${wordError(error)}\n`);
    return exitCodeOf(error);
  }
}

guardOutput();
process.exitCode = await main(process.argv.slice(2));
