/** The steps from a finished archive to a promoted image. Imported only when there is something to publish: Google's
 * clients take their time to load. */
import { readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Fleet } from '../configs/fleet.ts';
import { RELEASE_FILE, readRelease, withPin } from '../configs/release.ts';
import { connectGce } from '../lib/gce.ts';
import { kernelForwarding, wordInKernel } from '../lib/kernel-forwarding.ts';
import { connectStorage } from '../lib/storage.ts';
import { type Acceptance, type AcceptanceDepth, acceptImage } from './accept.ts';
import type { Shop } from './command.ts';
import { textDigest } from './digest.ts';
import { importedImage, type Product } from './importing.ts';
import { IMAGE_LABEL } from './life/facts.ts';
import { promoteImage, setLabels } from './life/states.ts';
import { whileLocked } from './locked.ts';
import type { Manifest } from './manifest.ts';
import type { Progress } from './progress.ts';
import type { Cloud, ImageStanding } from './publish.ts';
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

/** One publication of an archive at a time on this machine: two would go on with the same upload. */
export async function publishAlone(
  shop: Shop,
  cloud: Cloud,
  fleet: Fleet,
  product: Product,
  order: PublishOrder,
  progress: Progress,
): Promise<Publication> {
  const wait = (over: Promise<unknown>) =>
    progress('Wait for another publication of it on this machine', () => over);
  const publish = () => publishImage(cloud, fleet, product, order, progress);
  return await whileLocked(shop, `${product.archive}.publication`, publish, wait);
}

/**
 * Where this run is, so that what a killed one of the same place left is known as such: this machine since its start (a copied
 * machine is another one), and the folder whose lock (`publishAlone`) is held meanwhile.
 */
function placeOf(archive: string): string {
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return textDigest([boot, hostname(), archive].join('\n')).slice(0, 16);
}

/** Imports, accepts and promotes, or takes up where an earlier run ended. */
async function publishImage(
  cloud: Cloud,
  fleet: Fleet,
  product: Product,
  order: PublishOrder,
  progress: Progress,
): Promise<Publication> {
  const { manifest } = product;
  const { standing, ...facts } = await acceptedImage(cloud, fleet, product, order, progress);
  const replaced = standing !== 'done' && order.promote ? await promoted(cloud, manifest, progress) : [];
  if (order.pin) pinImage(fleet, manifest);
  if (standing === 'done') return { state: 'already', replaced };
  return { state: order.promote ? 'promoted' : 'accepted', ...facts, replaced };
}

/** How far it is, and what its acceptance saw, if that was this run's. */
type Standing = { readonly standing: ImageStanding; readonly acceptance?: Acceptance };

/** Goes on where another publication of the same image, which may run beside this one, has left off. */
async function acceptedImage(
  cloud: Cloud,
  fleet: Fleet,
  product: Product,
  order: PublishOrder,
  progress: Progress,
): Promise<Standing> {
  for (;;) {
    const standing = await importedImage(cloud, fleet, product, progress);
    if (standing !== 'imported') return { standing };
    const acceptance = await accepted(cloud, fleet, product, order, progress);
    if (acceptance !== undefined) return { standing, acceptance };
  }
}

async function accepted(
  cloud: Cloud,
  fleet: Fleet,
  { manifest, archive }: Product,
  { depth, network }: PublishOrder,
  progress: Progress,
): Promise<Acceptance | undefined> {
  return await progress('Start one machine of it and make a call', async (line) => {
    const place = placeOf(archive);
    const acceptance = await acceptImage(cloud, { fleet, manifest, depth, network, place, tell: line.at });
    if (acceptance === undefined) {
      line.result('another publication examined it');
      return undefined;
    }
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

function wordAcceptance({ readyMs, packets, health, tuning }: Acceptance): string {
  const kernel = kernelForwarding(health);
  return [
    `healthy after ${(readyMs / 1000).toFixed(1)} s`,
    ...(packets === undefined
      ? []
      : [
          `RTP ${packets.receivedA} and ${packets.receivedB} of ${packets.sent} packets${wordInKernel(kernel, packets.inKernel)}`,
        ]),
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
