/** The end of a managed Redis: works from names alone. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '../host/processes.ts';
import { attempt } from '../host/run.ts';
import { killNamespace, namespaceIsEmpty } from '../machines/remove.ts';

export function redisNames(folder: string): Promise<readonly string[]> {
  return readdir(join(folder, 'redis')).catch(() => []);
}

/** Kills what is in a network namespace of this lab and removes it with its cable. Idempotent. */
export async function removeNamespace(namespace: string): Promise<void> {
  await until(async () => {
    await killNamespace(namespace);
    return namespaceIsEmpty(namespace);
  }, 10_000);
  await attempt('ip', ['-n', namespace, 'link', 'del', 'eth0']);
  await attempt('ip', ['netns', 'del', namespace]);
}
