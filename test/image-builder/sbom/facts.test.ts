import { expect, test } from 'vitest';
import { parseStatus } from '../../../image-builder/sbom/facts.ts';

test('dpkg’s status names the installed packages with their sources', () => {
  const status = `Package: zlib1g
Status: install ok installed
Architecture: amd64
Installed-Size: 163
Source: zlib (1:1.3)
Version: 1:1.3+b1
Description: x
 Version: 9

Package: bash
Status: install ok installed
Architecture: amd64
Version: 5.2

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1
`;
  expect(parseStatus(status)).toEqual([
    { name: 'bash', version: '5.2', architecture: 'amd64', source: 'bash', sourceVersion: '5.2' },
    {
      name: 'zlib1g',
      version: '1:1.3+b1',
      architecture: 'amd64',
      source: 'zlib',
      sourceVersion: '1:1.3',
      installedBytes: 163 * 1024,
    },
  ]);
});
