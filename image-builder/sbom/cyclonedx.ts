/**
 * The software bill of materials of an image as CycloneDX 1.6: every package and every file of ours. The same image gives the
 * same bytes, so its time is that of the files in it, and its serial number comes from the key of the disk. Pure.
 */
import { PackageURL } from 'packageurl-js';
import { EPOCH } from '../bases.ts';
import { uuidFrom } from '../digest.ts';
import type { Manifest, ManifestFile } from '../manifest.ts';
import { spdxId } from './licences.ts';

/** What the installed system says of a package, and what the archive said of its file. */
export type PackageFacts = {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** Name of the source package; advisories are written for it. */
  readonly source: string;
  readonly sourceVersion: string;
  /** As dpkg counts it; absent: it does not say. */
  readonly installedBytes?: number;
  /** Of the .deb; absent: the archive did not say. */
  readonly sha256?: string;
  /** Debian's short names; absent: its copyright file is prose. */
  readonly licences?: readonly string[];
};

/** `bom` of CycloneDX's schema, as far as it is used here. */
export function sbomOf(manifest: Manifest, packages: readonly PackageFacts[]): object {
  const components = [
    ...packages.map((item) => packageComponent(manifest, item)),
    ...manifest.files.flatMap(fileComponent),
    ...moduleComponent(manifest),
  ];
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuidFrom(manifest.keys.disk, 'sbom')}`,
    version: 1,
    metadata: {
      timestamp: new Date(EPOCH * 1000).toISOString(),
      tools: { components: [{ type: 'application', name: 'rtpfleet' }] },
      component: imageComponent(manifest),
    },
    components,
    dependencies: [{ ref: manifest.image, dependsOn: components.map((component) => component['bom-ref']) }],
  };
}

function imageComponent(manifest: Manifest) {
  const { image, version, base, archive, kernel, keys } = manifest;
  return {
    'bom-ref': image,
    type: 'operating-system',
    name: image,
    version,
    description: `RTPEngine ${version} on ${base}`,
    hashes: [{ alg: 'SHA-256', content: archive.sha256 }],
    properties: [
      { name: 'rtpfleet:base', value: base },
      { name: 'rtpfleet:kernel', value: kernel },
      { name: 'rtpfleet:key', value: keys.disk },
    ],
  };
}

function packageComponent(manifest: Manifest, item: PackageFacts) {
  const purl = purlOf(manifest, item);
  return {
    'bom-ref': purl,
    type: 'library',
    name: item.name,
    version: item.version,
    ...(item.sha256 === undefined ? {} : { hashes: [{ alg: 'SHA-256', content: item.sha256 }] }),
    ...(item.licences?.length ? { licenses: item.licences.map(licence) } : {}),
    purl,
    ...(isOurs(manifest, item) ? origin(manifest) : {}),
  };
}

function licence(name: string) {
  const id = spdxId(name);
  return { license: id === undefined ? { name } : { id } };
}

/** `upstream` names the source package as Syft does, for scanners that match advisories with it. */
function purlOf(manifest: Manifest, item: PackageFacts): string {
  const [vendor = ''] = manifest.base.split('-');
  const { name, version, architecture, source, sourceVersion } = item;
  const isOther = source !== name || sourceVersion !== version;
  const upstream = sourceVersion === version ? source : `${source}@${sourceVersion}`;
  const qualifiers = { arch: architecture, distro: manifest.base, ...(isOther ? { upstream } : {}) };
  const namespace = isOurs(manifest, item) ? 'rtpfleet' : vendor;
  return new PackageURL('deb', namespace, name, version, qualifiers).toString();
}

/** RTPEngine's own packages, when they are not the base's. */
function isOurs({ source }: Manifest, { name }: PackageFacts): boolean {
  return source !== 'debian' && /^(?:ngcp-)?rtpengine\b/.test(name);
}

/** Where the source came from. A path of the building machine says nothing to others, so only a URL is told. */
function origin({ place, commit }: Manifest) {
  const url = place !== undefined && URL.canParse(place) ? { url: place } : {};
  return {
    ...(commit === undefined ? {} : { pedigree: { commits: [{ uid: commit, ...url }] } }),
    ...('url' in url ? { externalReferences: [{ type: 'vcs', ...url }] } : {}),
  };
}

/** Built for this image, so that no package has it. */
function moduleComponent(manifest: Manifest) {
  const { kernelModule: module } = manifest;
  if (module === undefined) return [];
  const { path, sha256, name, kernel, from } = module;
  return [
    {
      'bom-ref': `file:${path}`,
      type: 'file',
      name: path,
      hashes: [{ alg: 'SHA-256', content: sha256 }],
      properties: [
        { name: 'rtpfleet:module', value: name },
        { name: 'rtpfleet:kernel', value: kernel },
        { name: 'rtpfleet:from', value: from },
      ],
      ...(manifest.source === 'debian' ? {} : origin(manifest)),
    },
  ];
}

function fileComponent(file: ManifestFile) {
  if ('target' in file) return [];
  const hashes = [{ alg: 'SHA-256', content: file.sha256 }];
  return [{ 'bom-ref': `file:${file.path}`, type: 'file', name: file.path, hashes }];
}
