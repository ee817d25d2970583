/** The words of the commands on published images. */
import { type Command, InvalidArgumentError, Option } from 'commander';

/** Options that all of them have. */
function inCloud(command: Command): Command {
  return command
    .option('--fleet <file>', 'fleet file: names the project and the fleet', 'configs/fleets/lab.yaml')
    .addOption(
      new Option('--endpoint <url>', 'GCE API other than Google’s, e.g. that of the lab').env(
        'RTPFLEET_ENDPOINT',
      ),
    )
    .option('--json', 'print JSON and nothing else');
}

export function addLife(cli: Command): void {
  inCloud(cli.command('list'))
    .description('Show the fleet’s images: version, base, age, state, and who uses each.')
    .option('--all', 'also those of other fleets in the project')
    .action(async (options) => {
      process.exitCode = await (await import('../commands/life.ts')).listImages(options);
    });
  inCloud(cli.command('show'))
    .argument('<image>', 'name of the image')
    .description('Show one image: what GCE knows of it, and the record of its build.')
    .action(async (name: string, options) => {
      process.exitCode = await (await import('../commands/life.ts')).showImage(name, options);
    });
  addChanges(cli);
  addComparisons(cli);
}

function addComparisons(cli: Command): void {
  inCloud(cli.command('diff'))
    .argument('<before>', 'an image’s name, or the path of a manifest or of an archive beside one')
    .argument('<after>', 'the same of the other image')
    .description('Show what differs between two images: versions, packages, our own files, size.')
    .action(async (before: string, after: string, options) => {
      process.exitCode = await (await import('../commands/compare.ts')).diffImages(before, after, options);
    });
  inCloud(cli.command('outdated'))
    .description(
      'Tell whether the pinned image should be made anew: upstream, packages (security updates first), files, builder. Exit code 3: it should.',
    )
    .option('--image <image>', 'another image than the pinned one: name, or path of its manifest')
    .option('--source <source>', 'where RTPEngine comes from, as for build')
    .action(async (options) => {
      process.exitCode = await (await import('../commands/compare.ts')).runOutdated(options);
    });
}

function addChanges(cli: Command): void {
  inCloud(cli.command('promote'))
    .argument('<image>', 'name of the image')
    .description(
      'Make an accepted image the one that its family stands for; also the way back to an older one.',
    )
    .option('--pin', 'write it to configs/release.json, too')
    .action(async (name: string, options) => {
      process.exitCode = await (await import('../commands/life.ts')).promote(name, options);
    });
  inCloud(cli.command('deprecate'))
    .argument('<image>', 'name of the image')
    .description('Take an image out of its family.')
    .addOption(
      new Option('--state <state>', 'OBSOLETE: nothing can be started from it any more')
        .choices(['DEPRECATED', 'OBSOLETE'])
        .default('DEPRECATED'),
    )
    .option('--replacement <image>', 'name of the image to use instead')
    .action(async (name: string, options) => {
      process.exitCode = await (await import('../commands/life.ts')).deprecate(name, options);
    });
  inCloud(cli.command('prune'))
    .description(
      'Show which old images may go, and why the others stay; delete them with --yes. Never one in use, pinned, or current.',
    )
    .requiredOption('--keep <n>', 'so many accepted images stay, the newest', wholeFromOne)
    .option('--yes', 'delete; without it nothing is changed')
    .action(async (options) => {
      process.exitCode = await (await import('../commands/life.ts')).prune(options);
    });
}

function wholeFromOne(word: string): number {
  const value = Number(word);
  if (/^\d+$/.test(word) && value >= 1) return value;
  throw new InvalidArgumentError('It is a whole number from 1 on.');
}
