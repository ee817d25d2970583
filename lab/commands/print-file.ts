/** Prints a file that others append to; with `follow`, until Ctrl-C. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

export async function printFile(path: string, follow: boolean): Promise<void> {
  const args = ['--lines=+1', ...(follow ? ['--follow=name'] : []), '--', path];
  const child = spawn('tail', args, { stdio: ['ignore', 'inherit', 'inherit'] });
  const onInterrupt = (): void => void child.kill('SIGTERM');
  process.once('SIGINT', onInterrupt);
  await once(child, 'exit');
  process.off('SIGINT', onInterrupt);
}
