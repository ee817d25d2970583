/** The steps from a finished archive to a promoted image. Imported only when there is something to publish: Google's
 * clients take their time to load. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Fleet } from '../configs/fleet.ts';
import { RELEASE_FILE, readRelease, withPin } from '../configs/release.ts';
import { connectGce } from '../lib/gce.ts';
import { connectStorage, type UploadSession } from '../lib/storage.ts';
import { type Acceptance, type AcceptanceDepth, acceptImage, kernelForwarding } from './accept.ts';
import type { Shop } from './command.ts';
import { wordDiffShort } from './life/diff.ts';
import { IMAGE_LABEL } from './life/facts.ts';
import { sinceLast } from './life/since.ts';
import { promoteImage, setLabels } from './life/states.ts';
import type { Manifest } from './manifest.ts';
import type { Progress } from './progress.ts';
import {
  awaitImport,
  type Cloud,
  finishImport,
  type ImageStanding,
  imageStanding,
  importImage,
} from './publish.ts';
import { wordTuning } from './tuning/read-back.ts';

export type PublishOrder = {
  /** Another endpoint than Google's. */
  readonly endpoint: string | undefined;
  readonly depth: AcceptanceDepth;
  /** Network in which the image is examined. */
  readonly network: string;
  /** Whether configs/release.json is to name the image from now on. */
  readonly pin: boolean;
  /** Whether its family is to stand for it; else that is left to `image:promote`. */
  readonly promote: boolean;
};

export type Publication = {
  /** `already`: image and promotion were there before. */
  readonly state: 'already' | 'accepted' | 'promoted';
  readonly acceptance?: Acceptance;
  /** Images that are deprecated since, with this one as replacement. */
  readonly replaced: readonly string[];
};

export type Product = { readonly manifest: Manifest; readonly archive: string; readonly sbomFile: string };

/** Connects before anything is built: without credentials the whole build would be for nothing. */
export async function connectCloud(
  { signal }: Pick<Shop, 'signal'>,
  fleet: Fleet,
  { endpoint }: Pick<PublishOrder, 'endpoint'>,
): Promise<Cloud> {
  const place = { project: fleet.cloud.project, endpoint };
  const [gce, storage] = await Promise.all([connectGce(place), connectStorage(place)]);
  return { gce, storage, signal };
}

/** Imports, accepts and promotes, or takes up where an earlier run ended. */
export async function publishImage(
  cloud: Cloud,
  fleet: Fleet,
  product: Product,
  order: PublishOrder,
  progress: Progress,
): Promise<Publication> {
  const { manifest } = product;
  const standing = await importedImage(cloud, fleet, product, progress);
  const acceptance =
    standing === 'imported' ? await accepted(cloud, fleet, manifest, order, progress) : undefined;
  const facts = acceptance === undefined ? {} : { acceptance };
  const replaced = standing !== 'done' && order.promote ? await promoted(cloud, manifest, progress) : [];
  if (order.pin) pinImage(fleet, manifest);
  if (standing === 'done') return { state: 'already', replaced };
  return { state: order.promote ? 'promoted' : 'accepted', ...facts, replaced };
}

/** How far it is once it is imported, whoever did that. */
async function importedImage(
  cloud: Cloud,
  fleet: Fleet,
  product: Product,
  progress: Progress,
): Promise<ImageStanding> {
  const { image } = product.manifest;
  let standing = await progress(`Look for ${image} in project ${fleet.cloud.project}`, async (line) => {
    const found = await imageStanding(cloud, image);
    line.result(WORDS[found]);
    return found;
  });
  if (standing === 'importing')
    standing = await progress('Wait for the import that is on', () => awaitImport(cloud, image));
  if (standing === 'absent') {
    await progress('Upload and import the archive', async (line) =>
      line.result(await uploadAndImport(cloud, fleet, product, line.at)),
    );
    standing = 'imported';
  }
  if (standing === 'imported') await finishImport(cloud, fleet, image);
  return standing;
}

/** @returns what is new in it, in words */
async function uploadAndImport(
  cloud: Cloud,
  fleet: Fleet,
  { manifest, archive, sbomFile }: Product,
  tell: (words: string) => void,
): Promise<string> {
  const since = await sinceLast(cloud, fleet, manifest);
  const record = since === undefined ? manifest : { ...manifest, since };
  await importImage(cloud, {
    fleet,
    manifest: record,
    archive,
    sbom: readFileSync(sbomFile, 'utf8'),
    session: sessionBeside(archive, cloud, manifest.image),
    onProgress: tenths(manifest.archive.bytes, tell),
  });
  return since === undefined
    ? 'nothing to compare it with'
    : `since ${since.before}: ${wordDiffShort(since)}`;
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

async function accepted(
  cloud: Cloud,
  fleet: Fleet,
  manifest: Manifest,
  { depth, network }: PublishOrder,
  progress: Progress,
): Promise<Acceptance> {
  return await progress('Start one machine of it and make a call', async (line) => {
    const acceptance = await acceptImage(cloud, { fleet, manifest, depth, network });
    await setLabels(cloud, manifest.image, { [IMAGE_LABEL.accepted]: depth });
    line.result(wordAcceptance(acceptance));
    return acceptance;
  });
}

async function promoted(
  cloud: Cloud,
  { image, family }: Manifest,
  progress: Progress,
): Promise<readonly string[]> {
  return await progress(`Promote it in family ${family}`, async (line) => {
    const names = await promoteImage(cloud, image, Math.floor(Date.now() / 1000));
    line.result(names.length === 0 ? 'the first' : `in the place of ${names.join(', ')}`);
    return names;
  });
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

function wordAcceptance({ readyMs, packets, health, tuning }: Acceptance): string {
  const kernel = kernelForwarding(health);
  return [
    `healthy after ${(readyMs / 1000).toFixed(1)} s`,
    ...(packets === undefined
      ? []
      : [`RTP ${packets.receivedA} and ${packets.receivedB} of ${packets.sent} packets`]),
    ...(kernel === undefined ? [] : [`kernel forwarding ${kernel}`]),
    wordTuning(tuning),
  ].join('; ');
}

/** Which image the fleet should run, from now on. */
export function pinImage(
  fleet: Pick<Fleet, 'name'>,
  { image, version }: Pick<Manifest, 'image' | 'version'>,
): void {
  writeFileSync(RELEASE_FILE, withPin(readRelease(), fleet.name, { image, version }));
}
