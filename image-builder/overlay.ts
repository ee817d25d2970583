/** Our own files of an image, as an mtree(5) specification that bsdtar turns into archive entries: owner, mode and time
 * are what it says, whoever builds. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { EPOCH } from './bases.ts';

/** A file of the image; `path` is absolute. All belong to root. */
export type ImageFile =
  | {
      readonly kind: 'file';
      readonly path: string;
      readonly mode: 0o644 | 0o755 | 0o600;
      readonly content: string;
    }
  | { readonly kind: 'link'; readonly path: string; readonly target: string };

/**
 * The specification of `files` and of the folders that they need. Pure.
 * @param contentOf where bsdtar finds the content of the file with this index
 */
export function mtreeOf(files: readonly ImageFile[], contentOf: (index: number) => string): string {
  const folders = new Set(files.flatMap((file) => parents(file.path)));
  const lines = [...folders].toSorted().map((path) => entry(path, 'type=dir mode=0755'));
  for (const [index, file] of files.entries()) {
    lines.push(
      file.kind === 'link'
        ? entry(file.path, `type=link mode=0777 link=${file.target}`)
        : entry(file.path, `type=file mode=0${file.mode.toString(8)} contents=${contentOf(index)}`),
    );
  }
  return `#mtree\n${lines.join('\n')}\n`;
}

function entry(path: string, keywords: string): string {
  return `.${path} ${keywords} uid=0 gid=0 time=${EPOCH}.0`;
}

function parents(path: string): readonly string[] {
  const parent = dirname(path);
  return parent === '/' ? [] : [...parents(parent), parent];
}

/** Writes contents and `overlay.mtree` into `work/overlay`; paths inside are relative to `work`. */
export function writeOverlay(work: string, files: readonly ImageFile[]): string {
  const folder = 'overlay';
  mkdirSync(join(work, folder), { recursive: true });
  const contentOf = (index: number) => `${folder}/${index}`;
  for (const [index, file] of files.entries()) {
    if (file.kind === 'file') writeFileSync(join(work, contentOf(index)), file.content);
  }
  writeFileSync(join(work, folder, 'overlay.mtree'), mtreeOf(files, contentOf));
  return `${folder}/overlay.mtree`;
}
