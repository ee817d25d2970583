import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { runCommand } from '../../../image-builder/command.ts';
import { debsIn } from '../../../image-builder/compile/packages.ts';
import { debsDifference } from '../../../image-builder/verify/debs.ts';

const folder = mkdtempSync(join(tmpdir(), 'rtpfleet-two-debs-'));
const shop = { log: join(folder, 'log'), signal: new AbortController().signal };
afterAll(() => rmSync(folder, { recursive: true }));

/** What a compile made: a package with two files. */
async function compiled(name: string, version: string, text: string) {
  const [tree, out] = [join(folder, `${name}-tree`), join(folder, name)];
  for (const path of ['DEBIAN', 'usr/bin']) mkdirSync(join(tree, path), { recursive: true });
  mkdirSync(out);
  const control = `Package: relay\nVersion: ${version}\nArchitecture: all\nMaintainer: x <x@example.invalid>\nDescription: x\n`;
  writeFileSync(join(tree, 'DEBIAN/control'), control);
  writeFileSync(join(tree, 'usr/bin/a'), 'same');
  const sum = createHash('md5').update(text).digest('hex');
  writeFileSync(join(tree, 'DEBIAN/md5sums'), `${sum}  usr/bin/b\n`);
  writeFileSync(join(tree, 'usr/bin/b'), text);
  await runCommand(shop, ['find', tree, '-exec', 'touch', '-d', '@1', '{}', ';']);
  const build = ['dpkg-deb', '--root-owner-group', '--build', tree, join(out, `relay_${version}_all.deb`)];
  await runCommand(shop, build, { env: { SOURCE_DATE_EPOCH: '1' } });
  return { folder: out, debs: await debsIn(out) };
}

test('two compiles that are the same have no difference; else the first file is named', async () => {
  const one = await compiled('one', '1', 'x');
  const work = (name: string) => join(folder, `work-${name}`);
  expect(await debsDifference(shop, one, await compiled('same', '1', 'x'), work('same'))).toBeUndefined();
  const other = await debsDifference(shop, one, await compiled('other', '1', 'y'), work('other'));
  expect(other).toMatch(/^relay_1_all\.deb: \/usr\/bin\/b, in sha256 \([0-9a-f]{12}… and [0-9a-f]{12}…\)$/);
  const newer = await debsDifference(shop, one, await compiled('newer', '2', 'x'), work('newer'));
  expect(newer).toBe('the packages: relay_1_all.deb, which only the first has');
});
