/** The steps from a finished archive to a promoted image. Imported only when there is something to publish: Google's
 * clients take their time to load. */
import { writeFileSync } from 'node:fs';
import type { Fleet } from '../configs/fleet.ts';
import { RELEASE_FILE, readRelease, withPin } from '../configs/release.ts';
import { connectGce } from '../lib/gce.ts';
import { connectStorage } from '../lib/storage.ts';
import { type Acceptance, type AcceptanceDepth, acceptImage, kernelForwarding } from './accept.ts';
import type { Shop } from './command.ts';
import type { Manifest } from './manifest.ts';
import type { Progress } from './progress.ts';
import { type Cloud, imageState, importImage, promoteImage } from './publish.ts';

export type PublishOrder = {
  /** Another endpoint than Google's. */
  readonly endpoint: string | undefined;
  readonly depth: AcceptanceDepth;
  /** Network in which the image is examined. */
  readonly network: string;
  /** Whether configs/release.json is to name the image from now on. */
  readonly pin: boolean;
};

export type Publication = {
  /** `already`: image and promotion were there before. */
  readonly state: 'already' | 'promoted';
  readonly acceptance?: Acceptance;
  /** Images that are deprecated since, with this one as replacement. */
  readonly replaced: readonly string[];
};

export type Product = { readonly manifest: Manifest; readonly archive: string };

/** Connects before anything is built: without credentials the whole build would be for nothing. */
export async function connectCloud(shop: Shop, fleet: Fleet, order: PublishOrder): Promise<Cloud> {
  const place = { project: fleet.cloud.project, endpoint: order.endpoint };
  const [gce, storage] = await Promise.all([connectGce(place), connectStorage(place)]);
  return { gce, storage, signal: shop.signal };
}

/** Imports, accepts and promotes, or takes up where an earlier run ended. */
export async function publishImage(
  cloud: Cloud,
  fleet: Fleet,
  { manifest, archive }: Product,
  order: PublishOrder,
  progress: Progress,
): Promise<Publication> {
  const { image } = manifest;
  const state = await progress(`Look for ${image} in project ${fleet.cloud.project}`, async (line) => {
    const found = await imageState(cloud, image);
    line.result(WORDS[found]);
    return found;
  });
  if (state === 'done') {
    if (order.pin) pinImage(fleet, manifest);
    return { state: 'already', replaced: [] };
  }
  if (state === 'absent') {
    await progress('Upload and import the archive', (line) =>
      importImage(cloud, fleet, manifest, archive, tenths(manifest.archive.bytes, line.at)),
    );
  }
  const acceptance = await progress('Start one machine of it and make a call', async (line) => {
    const accepted = await acceptImage(cloud, {
      fleet,
      manifest,
      depth: order.depth,
      network: order.network,
    });
    line.result(wordAcceptance(accepted));
    return accepted;
  });
  const replaced = await progress(`Promote it in family ${manifest.family}`, (line) =>
    promoteImage(cloud, manifest).then((names) => {
      line.result(names.length === 0 ? 'the first' : `in the place of ${names.join(', ')}`);
      if (order.pin) pinImage(fleet, manifest);
      return names;
    }),
  );
  return { state: 'promoted', acceptance, replaced };
}

const WORDS = {
  absent: 'not there yet',
  imported: 'imported, but not accepted yet',
  done: 'accepted and promoted before, nothing to do',
} as const;

/** Tells of every tenth that is sent, and not of every piece. */
function tenths(total: number, tell: (words: string) => void): (bytes: number) => void {
  let told = 0;
  return (bytes) => {
    const tenth = Math.floor((10 * bytes) / total);
    if (tenth <= told) return;
    told = tenth;
    tell(`${tenth}0 % of ${(total / 1e6).toFixed(0)} MB sent`);
  };
}

function wordAcceptance({ readyMs, packets, health }: Acceptance): string {
  const kernel = kernelForwarding(health);
  return [
    `healthy after ${(readyMs / 1000).toFixed(1)} s`,
    ...(packets === undefined
      ? []
      : [`RTP ${packets.receivedA} and ${packets.receivedB} of ${packets.sent} packets`]),
    ...(kernel === undefined ? [] : [`kernel forwarding ${kernel}`]),
  ].join('; ');
}

function pinImage(fleet: Fleet, { image, version }: Manifest): void {
  writeFileSync(RELEASE_FILE, withPin(readRelease(), fleet.name, { image, version }));
}
