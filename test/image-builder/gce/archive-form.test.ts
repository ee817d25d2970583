import { describe, expect, test } from 'vitest';
import { archiveProblems } from '../../../image-builder/gce/archive-form.ts';

/** Header of a tar member as GNU tar writes it. */
function header(change: { name?: string; magic?: string; type?: string; size?: number } = {}): Buffer {
  const { name = 'disk.raw', magic = 'ustar  \0', type = 'S', size = 2 * 1024 ** 3 } = change;
  const block = Buffer.alloc(512);
  block.write(name, 0, 'latin1');
  block.write(type, 156, 'latin1');
  block.write(magic, 257, 'latin1');
  block.write(size.toString(8).padStart(11, '0'), 483, 'latin1');
  return block;
}

describe('the archive', () => {
  test('in the form that GCE imports has no problems', () => {
    expect(archiveProblems(header())).toEqual([]);
  });

  test.each([
    [{ name: 'image.raw' }, /"image.raw", not disk.raw/],
    [{ magic: 'ustar\x0000' }, /oldgnu/],
    [{ type: '0' }, /not sparse/],
    [{ size: 2 * 1024 ** 3 + 512 }, /no whole GiB/],
  ])('with %j has one', (change, problem) => {
    expect(archiveProblems(header(change))).toEqual([expect.stringMatching(problem)]);
  });
});
