/** The words of `image:build`. */
import { type Command, Option } from 'commander';
import { BASE_NAMES } from '../bases.ts';

const EXAMPLE = `
Examples:
  pnpm image:build --version mr12.5.1.31                       golden image of the lab's fleet
  pnpm image:build --version mr10.5.3.5 --base debian-12 --plan  what would be done, and why
  pnpm image:build --version mr13.4.1.10                       compiled from upstream's tag, since the base has another
  pnpm image:build --fleet configs/fleets/prod.yaml            the version that the fleet file names
`;

/** Also an option of the other commands that make trees. */
export function baseOption(): Option {
  return new Option('--base <name>', 'operating system of the image').choices([...BASE_NAMES]);
}

export function addBuild(cli: Command): void {
  const build = cli
    .command('build')
    .description('Build an image without root, examine it, publish it and promote it in its family.');
  addWhat(build);
  addHow(build);
  addPublication(build)
    .addHelpText('after', EXAMPLE)
    .action(async (options) => {
      const { runBuild } = await import('../commands/build.ts');
      process.exitCode = await runBuild(options);
    });
}

/** What is built. */
function addWhat(build: Command): void {
  build
    .option(
      '--version <version>',
      'RTPEngine release, e.g. mr12.5.1.31; mr12.5 = the newest of it that the base has',
    )
    .option('--fleet <file>', 'fleet file', 'configs/fleets/lab.yaml')
    .addOption(baseOption())
    .option(
      '--source <source>',
      "where RTPEngine comes from; without it as the fleet file says, or upstream's git for another version than the base has. debian (Debian's own packages), git (upstream), a URL of git (git+file:///…), of a tarball (https://…tar.gz#sha256=DIGEST), a path, or debs:FOLDER",
    )
    .option('--check', "run the source's own tests when it is compiled")
    .addOption(
      new Option(
        '--output <form>',
        'also make it as qcow2 (QEMU, UTM, hosts of one’s own) or oci (container image); nothing is published then',
      ).choices(['qcow2', 'oci']),
    );
}

/** How it is done and shown. */
function addHow(build: Command): void {
  build
    .option('--list-versions', 'only list the releases that a git source has (default: upstream)')
    .option('--plan', 'only say what would be done: version, packages, key of every stage')
    .option('--json', 'print the result as JSON and nothing else')
    .option('--keep-on-failure', 'keep the work folder of a failed build and say how to enter it');
}

/** What becomes of it. */
function addPublication(build: Command): Command {
  return build
    .option('--no-publish', 'leave the image in the cache')
    .addOption(
      new Option('--endpoint <url>', 'GCE API other than Google’s, e.g. that of the lab').env(
        'RTPFLEET_ENDPOINT',
      ),
    )
    .addOption(
      new Option('--accept <depth>', 'examine by a call, or only by what GCE says of a booted machine')
        .choices(['call', 'boot'])
        .default('call'),
    )
    .option('--network <name>', 'network in which the image is examined', 'default')
    .option('--no-promote', 'leave its family as it is, for `image:promote` to move')
    .option('--pin', 'write the image to configs/release.json, also with --endpoint or --no-promote');
}
