import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import fc from 'fast-check';
import { PackageURL } from 'packageurl-js';
import { describe, expect, test } from 'vitest';
import { type PackageFacts, sbomOf } from '../../../image-builder/sbom/cyclonedx.ts';
import { MANIFEST, MODULE } from '../support/product.ts';

/** Whoever wrote the format says whether this is it. */
const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);

const BASH: PackageFacts = {
  name: 'bash',
  version: '5.2.37-2+b8',
  architecture: 'amd64',
  source: 'bash',
  sourceVersion: '5.2.37-2',
  sha256: 'b'.repeat(64),
  licences: ['GPL-3+', 'Expat', 'GPL-2+ with Autoconf-data exception'],
};
const DAEMON: PackageFacts = {
  name: 'ngcp-rtpengine-daemon',
  version: '1:13.4.1.10~x',
  architecture: 'amd64',
  source: 'ngcp-rtpengine',
  sourceVersion: '1:13.4.1.10~x',
};
const COMPILED = {
  ...MANIFEST,
  source: 'git',
  place: 'https://github.com/sipwise/rtpengine',
  commit: 'c'.repeat(40),
} as const;

type Bom = {
  readonly components: readonly Record<string, unknown>[];
  readonly metadata: Record<string, unknown>;
  readonly serialNumber: string;
};
const bom = (...args: Parameters<typeof sbomOf>) => sbomOf(...args) as Bom;

describe('the bill of materials', () => {
  test('is CycloneDX by the validator of CycloneDX', async () => {
    expect(await validator.validate(JSON.stringify(sbomOf(MANIFEST, [BASH])))).toBeNull();
    expect(await validator.validate(JSON.stringify(sbomOf(COMPILED, [BASH, DAEMON])))).toBeNull();
    const broken = { ...sbomOf(MANIFEST, [BASH]), serialNumber: 'urn:uuid:none' };
    expect(await validator.validate(JSON.stringify(broken))).not.toBeNull();
  });

  test('names the kernel module, which is in no package, with its digest and its source', async () => {
    const whole = sbomOf({ ...COMPILED, kernelModule: MODULE }, [BASH]);
    expect(await validator.validate(JSON.stringify(whole))).toBeNull();
    expect((whole as Bom).components).toContainEqual(
      expect.objectContaining({
        name: MODULE.path,
        hashes: [{ alg: 'SHA-256', content: MODULE.sha256 }],
        properties: expect.arrayContaining([{ name: 'rtpfleet:from', value: MODULE.from }]),
        pedigree: { commits: [expect.objectContaining({ uid: COMPILED.commit })] },
      }),
    );
  });

  test('is so whatever a package is called, and names it so that it can be read back', async () => {
    const word = fc.stringMatching(/^[a-z0-9][a-z0-9+.-]{1,20}$/);
    const version = fc.stringMatching(/^([0-9]:)?[0-9][A-Za-z0-9.+~-]{0,20}$/);
    const facts = fc.record({
      name: word,
      version,
      architecture: fc.constantFrom('amd64', 'all'),
      source: word,
      sourceVersion: version,
      licences: fc.array(fc.string({ minLength: 1 }), { maxLength: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(facts, async (item) => {
        const made = bom(MANIFEST, [item]);
        expect(await validator.validate(JSON.stringify(made))).toBeNull();
        const { name, version: read } = PackageURL.fromString(String(made.components[0]?.purl));
        expect([name, read]).toEqual([item.name, item.version]);
      }),
      { numRuns: 30 },
    );
  });

  test('has each package with its file’s digest, its licences and its source', () => {
    const [component] = bom(MANIFEST, [BASH]).components;
    expect(component).toMatchObject({
      type: 'library',
      name: 'bash',
      version: '5.2.37-2+b8',
      purl: 'pkg:deb/debian/bash@5.2.37-2+b8?arch=amd64&distro=debian-13&upstream=bash%405.2.37-2',
      hashes: [{ alg: 'SHA-256', content: BASH.sha256 }],
      licenses: [
        { license: { id: 'GPL-3.0-or-later' } },
        { license: { id: 'MIT' } },
        { license: { name: 'GPL-2+ with Autoconf-data exception' } },
      ],
    });
  });

  test('has our own files, and no links, which have no content', () => {
    const files = bom(MANIFEST, []).components;
    expect(files).toMatchObject([{ type: 'file', name: '/etc/a' }]);
  });

  test('says of a compiled RTPEngine which commit it is, and does not call it Debian’s', () => {
    const [, component] = bom(COMPILED, [BASH, DAEMON]).components;
    expect(component).toMatchObject({
      purl: expect.stringMatching(/^pkg:deb\/rtpfleet\/ngcp-rtpengine-daemon@/),
      pedigree: { commits: [{ uid: COMPILED.commit, url: COMPILED.place }] },
      externalReferences: [{ type: 'vcs', url: COMPILED.place }],
    });
    expect(bom(MANIFEST, [DAEMON]).components[0]?.purl).toMatch(/^pkg:deb\/debian\//);
  });

  test('tells nobody the path of the machine that built it', () => {
    const local = { ...COMPILED, source: 'path', place: '/home/me/rtpengine' } as const;
    expect(JSON.stringify(sbomOf(local, [DAEMON]))).not.toContain('/home/me');
  });

  test('is the same for the same image, whenever it is built and however long that takes', () => {
    const later = { ...MANIFEST, builtAt: '2027-01-01T00:00:00Z', seconds: { pack: 99 } };
    expect(sbomOf(later, [BASH])).toEqual(sbomOf(MANIFEST, [BASH]));
    const other = { ...MANIFEST, keys: { ...MANIFEST.keys, disk: 'c'.repeat(64) } };
    expect(sbomOf(other, [BASH])).not.toMatchObject({ serialNumber: bom(MANIFEST, [BASH]).serialNumber });
  });
});
