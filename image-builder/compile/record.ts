/** How packages were compiled: how long it took, and every package of the tree that it happened in. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Package } from '../packages.ts';

export type CompileRecord = {
  readonly seconds: number;
  readonly packages: readonly Package[];
  /** The source's own tests that failed at first, and passed by themselves; absent: none. */
  readonly testsAgain?: readonly string[];
};

const RECORD = 'compile.json';

export function writeCompileRecord(folder: string, record: CompileRecord): void {
  writeFileSync(join(folder, RECORD), `${JSON.stringify(record, null, 2)}\n`);
}

/** @returns undefined for packages that were given, not compiled */
export function readCompileRecord(folder: string): CompileRecord | undefined {
  const file = join(folder, RECORD);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}
