/** What a stack is compared with: a preview that was saved, or the repository at another commit. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { FleetError, reasonOf } from '../../lib/errors.ts';
import { isRecord } from '../../lib/record.ts';
import { declaredBy, type GraphInputs } from './graph.ts';
import type { Resource } from './resource.ts';
import { stackConfig } from './stack.ts';

const run = promisify(execFile);
const ROOT = resolve(import.meta.dirname, '../..');

export type Baseline = { readonly resources: readonly Resource[]; readonly what: string };

/**
 * @param against a file that `--json` wrote, or anything that git takes for a commit
 * @throws FleetError `usage`: neither, or a stack that cannot be evaluated there
 */
export async function baseline(against: string, inputs: GraphInputs): Promise<Baseline> {
  if (existsSync(against)) return { resources: await savedPreview(against), what: against };
  return { resources: await atCommit(against, inputs), what: against };
}

async function savedPreview(file: string): Promise<readonly Resource[]> {
  const value = await readFile(file, 'utf8')
    .then((text) => JSON.parse(text) as { readonly resources?: readonly Resource[] })
    .catch((cause: unknown) => {
      throw wrong(`${file} is not a preview: ${reasonOf(cause)}`);
    });
  if (Array.isArray(value?.resources) && value.resources.every(isResource)) return value.resources;
  throw wrong(`${file} is not a preview: it has no list of resources`);
}

function isResource(value: unknown): value is Resource {
  const one = value as Partial<Resource> | null;
  const isNamed = typeof one?.type === 'string' && typeof one.name === 'string';
  return isNamed && isRecord(one.inputs) && Array.isArray(one.secrets);
}

/** Program, settings and fleet file are those of the commit; packages are those that are installed. */
async function atCommit(ref: string, { stack, config }: GraphInputs): Promise<readonly Resource[]> {
  const folder = await mkdtemp(join(tmpdir(), 'rtpfleet-preview-')).catch(noFolder);
  try {
    await checkOut(ref, folder);
    await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    const then = await stackConfig(stack, folder);
    const fleet = inTree(config.fleet ?? then.fleet, folder) ?? join(folder, `configs/fleets/${stack}.yaml`);
    const program = pathToFileURL(join(folder, 'infra/index.ts'));
    return await declaredBy({ stack, program, config: { ...config, ...then, image: config.image, fleet } });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The same file in the other tree; a file outside of the repository is the same everywhere. */
function inTree(file: string | undefined, folder: string): string | undefined {
  if (file === undefined) return undefined;
  const path = relative(ROOT, resolve(ROOT, file));
  return path.startsWith('..') ? resolve(file) : join(folder, path);
}

async function checkOut(ref: string, folder: string): Promise<void> {
  const archive = join(folder, 'tree.tar');
  const args = ['archive', '--format=tar', `--output=${archive}`, '--end-of-options', ref];
  try {
    await run('git', args, { cwd: ROOT });
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw wrong(
      isMissing
        ? `${ref} is no file, and whether it is a commit only git knows, which is not installed`
        : `${ref} is neither a file nor a commit that git knows`,
      cause,
    );
  }
  await run('tar', ['--extract', `--file=${archive}`, `--directory=${folder}`]);
}

function noFolder(cause: unknown): never {
  throw new FleetError({
    ...{ kind: 'usage', code: 'preview-folder', cause },
    message: `${tmpdir()}: the other commit cannot be laid out there: ${reasonOf(cause)}`,
    hint: 'Name another folder for temporary files: TMPDIR=/var/tmp.',
  });
}

function wrong(message: string, cause?: unknown): FleetError {
  return new FleetError({
    kind: 'usage',
    code: 'preview-against',
    message,
    hint: 'Name a file that `pnpm infra:preview --json` wrote, or a commit, e.g. --against main.',
    cause,
  });
}
