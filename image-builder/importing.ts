/** The steps from a finished archive to an image that GCE has: what another run began is waited for or taken up. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Fleet } from '../configs/fleet.ts';
import type { UploadSession } from '../lib/storage.ts';
import { wordDiffShort } from './life/diff.ts';
import { sinceLast } from './life/since.ts';
import type { Manifest } from './manifest.ts';
import type { Line, Progress } from './progress.ts';
import {
  awaitImport,
  type Cloud,
  finishImport,
  type ImageStanding,
  imageStanding,
  importImage,
} from './publish.ts';

export type Product = { readonly manifest: Manifest; readonly archive: string; readonly sbomFile: string };

/** How far it is once it is imported, whoever did that. */
export async function importedImage(
  cloud: Cloud,
  fleet: Fleet,
  product: Product,
  progress: Progress,
): Promise<ImageStanding> {
  const { image } = product.manifest;
  for (;;) {
    let standing = await progress(`Look for ${image} in project ${fleet.cloud.project}`, async (line) => {
      const found = await imageStanding(cloud, image);
      line.result(WORDS[found]);
      return found;
    });
    if (standing === 'importing')
      standing = await progress('Wait for the import that is on', () => awaitImport(cloud, image));
    if (standing === 'absent')
      standing = await progress('Upload and import the archive', (line) =>
        uploadAndImport(cloud, fleet, product, line),
      );
    if (standing === 'imported') await finishImport(cloud, fleet, image);
    // Else the import of another publication failed meanwhile, and it is this one's turn.
    if (standing !== 'absent') return standing;
  }
}

/** Says what is new in it. */
async function uploadAndImport(
  cloud: Cloud,
  fleet: Fleet,
  { manifest, archive, sbomFile }: Product,
  line: Line,
): Promise<ImageStanding> {
  const since = await sinceLast(cloud, fleet, manifest);
  const record = since === undefined ? manifest : { ...manifest, since };
  const standing = await importImage(cloud, {
    fleet,
    manifest: record,
    archive,
    sbom: readFileSync(sbomFile, 'utf8'),
    session: sessionBeside(archive, cloud, manifest.image),
    onProgress: tenths(manifest.archive.bytes, line.at),
  });
  line.result(
    since === undefined ? 'nothing to compare it with' : `since ${since.before}: ${wordDiffShort(since)}`,
  );
  return standing;
}

/** Remembered beside the archive, for this project and endpoint. */
function sessionBeside(archive: string, { gce }: Cloud, image: string): UploadSession {
  const file = `${archive}.upload`;
  const place = `${gce.project}/${image} `;
  return {
    read: () => {
      try {
        const text = readFileSync(file, 'utf8');
        return text.startsWith(place) ? text.slice(place.length) : undefined;
      } catch {
        return undefined;
      }
    },
    write: (uri) =>
      uri === undefined ? rmSync(file, { force: true }) : writeFileSync(file, place + uri, { mode: 0o600 }),
  };
}

const WORDS: Readonly<Record<ImageStanding, string>> = {
  absent: 'not there yet',
  importing: 'another run began to import it',
  imported: 'imported, but not accepted yet',
  accepted: 'accepted before, but not promoted',
  done: 'accepted and promoted before, nothing to do',
};

/** Tells of every tenth that is sent, and not of every piece. */
export function tenths(total: number, tell: (words: string) => void): (bytes: number) => void {
  let told = 0;
  return (bytes) => {
    const tenth = Math.floor((10 * bytes) / total);
    if (tenth <= told) return;
    told = tenth;
    tell(`${tenth}0 % of ${(total / 1e6).toFixed(0)} MB sent`);
  };
}
