import { spawnSync } from 'node:child_process';
import { mkdtempSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BASES } from '../../image-builder/bases.ts';
import { imageTreeOrder } from '../../image-builder/image-tree.ts';
import { mmdebstrapCommand } from '../../image-builder/tree.ts';

const MIRRORS = { main: 'http://m.example/u', security: 'http://m.example/s', signedBy: undefined };

function setupHooks(codename: string): readonly string[] {
  const order = imageTreeOrder({ codename, mirrors: MIRRORS }, ['a'], '');
  const option = '--setup-hook=';
  return mmdebstrapCommand(order, '/t.tar', []).flatMap((word) =>
    word.startsWith(option) ? [word.slice(option.length)] : [],
  );
}

test('Ubuntu 22.04, whose packages do not bring it, has everything below /usr', () => {
  const [hook = '', ...more] = setupHooks(BASES['ubuntu-22.04'].codename);
  expect(more).toEqual([]);
  const tree = mkdtempSync(join(tmpdir(), 'rtpfleet-merged-'));
  try {
    expect(spawnSync('sh', ['-c', hook, 'sh', tree]).status).toBe(0);
    const links = ['bin', 'sbin', 'lib', 'lib64'].map((name) => readlinkSync(join(tree, name)));
    expect(links).toEqual(['usr/bin', 'usr/sbin', 'usr/lib', 'usr/lib64']);
  } finally {
    rmSync(tree, { recursive: true });
  }
});

test.each(['debian-12', 'debian-13', 'ubuntu-24.04'] as const)('%s brings it itself', (base) => {
  expect(setupHooks(BASES[base].codename)).toEqual([]);
});
