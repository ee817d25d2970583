/** What is mounted on the host, as /proc/self/mountinfo says. */
import { readFile } from 'node:fs/promises';
import { attempt } from './run.ts';

export type Mount = { readonly point: string; readonly type: string; readonly source: string };

/** Pure. Space, tab, newline and backslash are written as octal (proc(5)). */
export function parseMounts(mountinfo: string): readonly Mount[] {
  return mountinfo
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [left = '', right = ''] = line.split(' - ');
      const [type = '', source = ''] = right.split(' ');
      return { point: unescapeOctal(left.split(' ')[4] ?? ''), type, source };
    });
}

function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

export async function mounts(): Promise<readonly Mount[]> {
  return parseMounts(await readFile('/proc/self/mountinfo', 'utf8'));
}

export async function isMounted(point: string): Promise<boolean> {
  return (await mounts()).some((mount) => mount.point === point);
}

/** Unmounts all that is mounted at or below `folder`, deepest first; lazily if something still holds it. */
export async function unmountBelow(folder: string): Promise<void> {
  const below = (await mounts()).filter(({ point }) => point === folder || point.startsWith(`${folder}/`));
  for (const { point } of below.toReversed())
    if ((await attempt('umount', [point])) === undefined) await attempt('umount', ['-l', point]);
}
