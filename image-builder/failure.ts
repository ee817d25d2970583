/** After a failure: nothing stays behind, or, on request, just what it takes to look at it. */
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { basename, join } from 'node:path';
import { FleetError, isFleetError } from '../lib/errors.ts';
import { type Cache, ownWorkFolders, remove } from './cache.ts';
import type { Shop } from './command.ts';
import { ENTER_SCRIPT } from './tools.ts';

/** Removes or keeps the work folders of this process; returns the error to go on with. */
export async function salvage(cache: Cache, shop: Shop, error: unknown, keep: boolean): Promise<unknown> {
  const folders = ownWorkFolders(cache);
  const kept = keep ? folders.filter((folder) => existsSync(join(folder, ENTER_SCRIPT))) : [];
  // A new signal: the old one may be what ended the build.
  const after = { log: shop.log, signal: new AbortController().signal };
  const moved = kept.map((folder) => moveAside(cache, folder));
  await remove(
    after,
    folders.filter((folder) => !kept.includes(folder)),
  );
  return moved.length === 0 || !isFleetError(error) ? error : withCommands(error, moved);
}

/** Out of the way of the next build, which removes what it finds in `work`. */
function moveAside(cache: Cache, folder: string): string {
  const place = join(cache.root, 'kept', basename(folder));
  mkdirSync(join(cache.root, 'kept'), { recursive: true });
  renameSync(folder, place);
  return place;
}

function withCommands(error: FleetError, folders: readonly string[]): FleetError {
  const commands = folders.map((folder) => `sh ${quoted(join(folder, ENTER_SCRIPT))}`);
  const { kind, code, message, facts, cause } = error;
  const hint = [
    error.hint,
    'The work folder is kept; to look around in it with the builder’s tools:',
    ...commands,
  ];
  return new FleetError({
    kind,
    code,
    message,
    facts,
    cause,
    hint: hint.filter((line) => line !== undefined).join('\n  '),
  });
}

/** As one word for a shell, also with a blank or a quote in it. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
