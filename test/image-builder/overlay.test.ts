import { describe, expect, test } from 'vitest';
import { type ImageFile, mtreeOf } from '../../image-builder/overlay.ts';

const FILES: readonly ImageFile[] = [
  { kind: 'file', path: '/usr/lib/rtpfleet/ask', mode: 0o755, content: 'x' },
  { kind: 'link', path: '/etc/resolv.conf', target: '../run/resolv.conf' },
];

describe('our own files in an image', () => {
  const lines = mtreeOf(FILES, (index) => `overlay/${index}`).split('\n');

  test('folders come before what is in them: mke2fs finds files by entry', () => {
    const place = (start: string) => lines.findIndex((line) => line.startsWith(start));
    expect(place('./usr type=dir')).toBeLessThan(place('./usr/lib type=dir'));
    expect(place('./usr/lib/rtpfleet type=dir')).toBeLessThan(place('./usr/lib/rtpfleet/ask'));
  });

  test('owner, mode and time are what the specification says', () => {
    expect(lines).toContain(
      './usr/lib/rtpfleet/ask type=file mode=0755 contents=overlay/0 uid=0 gid=0 time=1735689600.0',
    );
    expect(lines).toContain(
      './etc/resolv.conf type=link mode=0777 link=../run/resolv.conf uid=0 gid=0 time=1735689600.0',
    );
  });
});
