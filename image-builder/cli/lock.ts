/** Words of the commands that say which packages an image is made of, and prove that it is the same each time. */
import type { Command } from 'commander';
import { baseOption } from './build.ts';

const FLEET = 'configs/fleets/lab.yaml';

export function addVerify(cli: Command): void {
  cli
    .command('verify')
    .description('Compile and build twice from nothing and compare byte by byte; takes some minutes.')
    .option('--version <version>', 'RTPEngine release')
    .option('--fleet <file>', 'fleet file', FLEET)
    .addOption(baseOption())
    .option('--source <source>', 'where RTPEngine comes from, as for build')
    .action(async (options) => {
      const { runVerify } = await import('../commands/build.ts');
      process.exitCode = await runVerify(options);
    });
}

export function addLock(cli: Command): void {
  cli
    .command('lock')
    .description('Write down which packages the image of a fleet file is made of, and keep copies of them.')
    .option('--update', 'write what the archive has today; else a lock that is there is only compared')
    .option('--version <version>', 'RTPEngine release')
    .option('--fleet <file>', 'fleet file; the lock lies beside it', FLEET)
    .addOption(baseOption())
    .option('--source <source>', 'where RTPEngine comes from, as for build')
    .action(async (options) => {
      const { runLock } = await import('../commands/lock.ts');
      process.exitCode = await runLock(options);
    });
}
