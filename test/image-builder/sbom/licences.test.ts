import { describe, expect, test } from 'vitest';
import { licencesOf, spdxId } from '../../../image-builder/sbom/licences.ts';

const FORMAT = 'Format: copyright-format/1.0';

describe('the licences of a package', () => {
  test('are those of its files, each once; the texts that follow add none', () => {
    const copyright = `${FORMAT}
Upstream-Name: x

Files: *
Copyright: 2020 A
License: GPL-2+

Files: b
Copyright: 2020 B
License: Expat

Files: debian/*
Copyright: 2020 C
License: GPL-2+
 This package is free software

License: Apache-2.0
 Only a text
`;
    expect(licencesOf(copyright)).toEqual(['Expat', 'GPL-2+']);
  });

  test('may stand for the whole in the first paragraph', () => {
    expect(licencesOf(`${FORMAT}\nLicense: ISC\n`)).toEqual(['ISC']);
  });

  test('are unknown when the file is prose, or missing', () => {
    expect(licencesOf('This package was debianized by X.\n\nLicense: GPL\n')).toBeUndefined();
    expect(licencesOf('')).toBeUndefined();
  });
});

describe('SPDX’s name', () => {
  test.each([
    ['GPL-2', 'GPL-2.0-only'],
    ['GPL-2+', 'GPL-2.0-or-later'],
    ['GPL-2.0+', 'GPL-2.0-or-later'],
    ['GPLv3+', 'GPL-3.0-or-later'],
    ['LGPL-2.1+', 'LGPL-2.1-or-later'],
    ['LGPL-3', 'LGPL-3.0-only'],
    ['Expat', 'MIT'],
    ['Apache-2', 'Apache-2.0'],
    ['BSD-3-Clause', 'BSD-3-Clause'],
  ])('of %s is %s', (name, id) => {
    expect(spdxId(name)).toBe(id);
  });

  test.each([
    'GPL',
    'GPL-2.1+',
    'LGPL',
    'GPL-2 or Artistic',
    'GPL-3+ with Bison exception',
    'public-domain',
    'constructor',
  ])('of %s is not guessed', (name) => {
    expect(spdxId(name)).toBeUndefined();
  });
});
