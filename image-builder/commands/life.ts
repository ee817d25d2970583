/** The commands on images that are published: `list`, `show`, `promote`, `deprecate`, `prune`. */
import type { Fleet } from '../../configs/fleet.ts';
import { loadFleet } from '../../configs/load.ts';
import { readRelease } from '../../configs/release.ts';
import { EXIT, FleetError } from '../../lib/errors.ts';
import { factsOf, newestOfFamily } from '../life/facts.ts';
import { readStock } from '../life/inventory.ts';
import { planPrune, type Verdict } from '../life/prune.ts';
import { bucketOf, dropRecord, readRecord } from '../life/record.ts';
import { checkedName, deleteImage, promoteImage, requireImage, setState } from '../life/states.ts';
import { type Listed, listed, withUsers, wordList, wordPrune, wordShow } from '../life/words.ts';
import { connectCloud, pinImage } from '../publication.ts';
import type { Cloud } from '../publish.ts';
import { interruptible } from './interrupt.ts';

export type LifeWords = { readonly fleet: string; readonly endpoint?: string; readonly json?: boolean };

/** Opens the cloud for one command, prints what it returns. Every mistake in the words comes before the first request. */
async function inCloud(
  words: LifeWords,
  work: (cloud: Cloud, fleet: Fleet) => Promise<string>,
): Promise<number> {
  const fleet = loadFleet(words.fleet);
  return await interruptible(async (signal) => {
    const cloud = await connectCloud({ signal }, fleet, { endpoint: words.endpoint });
    try {
      process.stdout.write(await work(cloud, fleet));
      return EXIT.done;
    } finally {
      await cloud.gce.close();
    }
  });
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

const pinnedNames = (): readonly string[] => Object.values(readRelease()).map(({ image }) => image);

export async function listImages(words: LifeWords & { readonly all?: boolean }): Promise<number> {
  return await inCloud(words, async (cloud, fleet) => {
    const images = listed(await readStock(cloud, pinnedNames()), words.all === true ? undefined : fleet.name);
    return words.json === true ? json(images) : wordList(images, Date.now());
  });
}

export async function showImage(name: string, words: LifeWords): Promise<number> {
  checkedName(name);
  return await inCloud(words, async (cloud, fleet) => {
    const facts = factsOf(await requireImage(cloud, name));
    const image = withUsers(await readStock(cloud, pinnedNames()), facts);
    const record = await readRecord(cloud.storage, bucketOf(fleet), name, facts.record);
    return words.json === true ? json({ ...image, record: record ?? null }) : wordShow(image, record);
  });
}

export async function promote(name: string, words: LifeWords & { readonly pin?: boolean }): Promise<number> {
  checkedName(name);
  return await inCloud(words, async (cloud, fleet) => {
    const { version, family, fleet: owner } = factsOf(await requireImage(cloud, name));
    if (owner !== fleet.name) throw otherFleet(name, owner, fleet.name);
    const replaced = await promoteImage(cloud, name, Math.floor(Date.now() / 1000));
    if (words.pin === true) pinImage(fleet, { image: name, version });
    if (words.json === true) return json({ image: name, family, replaced, pinned: words.pin === true });
    const instead = replaced.length === 0 ? '' : `, in the place of ${replaced.join(', ')}`;
    return `family ${family} stands for ${name}${instead}\n`;
  });
}

export async function deprecate(
  name: string,
  words: LifeWords & { readonly state: 'DEPRECATED' | 'OBSOLETE'; readonly replacement?: string },
): Promise<number> {
  checkedName(name);
  if (words.replacement !== undefined) checkedName(words.replacement);
  return await inCloud(words, async (cloud, fleet) => {
    const facts = factsOf(await requireImage(cloud, name));
    if (facts.fleet !== fleet.name) throw otherFleet(name, facts.fleet, fleet.name);
    const next =
      words.replacement === undefined ? undefined : factsOf(await requireImage(cloud, words.replacement));
    const stock = await readStock(cloud, pinnedNames());
    const image = withUsers(stock, facts);
    if (words.state === 'OBSOLETE') refuseInUse(image);
    await setState(cloud, name, {
      state: words.state,
      ...(next === undefined ? {} : { replacement: next.link }),
    });
    const left = newestOfFamily(
      stock.images.filter((other) => other.name !== name),
      image.family,
    );
    const { state } = words;
    if (words.json === true)
      return json({ image: name, state, replacement: next?.name ?? null, current: left?.name ?? null });
    const instead = next === undefined ? '' : `, replaced by ${next.name}`;
    const family = image.current ? `family ${image.family} stands for ${left?.name ?? 'no image'} now\n` : '';
    return `${name} is ${state}${instead}\n${family}`;
  });
}

/** Nothing can be started from an OBSOLETE image: a group could not replace a relay any more. */
function refuseInUse({ name, pinned, usedBy }: Listed): void {
  const users = [...(pinned ? ['configs/release.json'] : []), ...usedBy];
  if (users.length === 0) return;
  throw new FleetError({
    kind: 'hold',
    code: 'image-in-use',
    message: `${name} must not become OBSOLETE: it is used by ${users.join(', ')}`,
    hint: 'Roll the fleet to another image first, or leave it DEPRECATED.',
  });
}

function otherFleet(name: string, owner: string, fleet: string): FleetError {
  return new FleetError({
    kind: 'usage',
    code: 'other-fleet',
    message: `${name} belongs to ${owner === '' ? 'no fleet' : `fleet ${owner}`}, not to ${fleet}`,
    hint: 'Name the fleet file of its fleet with --fleet.',
  });
}

export async function prune(
  words: LifeWords & { readonly keep: number; readonly yes?: boolean },
): Promise<number> {
  return await inCloud(words, async (cloud, fleet) => {
    const look = async () =>
      planPrune(await readStock(cloud, pinnedNames()), {
        fleet: fleet.name,
        keep: words.keep,
        now: Date.now(),
      });
    const planned = await look();
    const verdicts = words.yes === true ? await deleteUnused(cloud, fleet, planned, look) : planned;
    if (words.json === true)
      return json(
        verdicts.map(({ image, reasons }) => ({ image: image.name, delete: reasons.length === 0, reasons })),
      );
    return wordPrune(verdicts, words.yes === true);
  });
}

/** Looks again before each deletion, since it cannot be undone: somebody may have begun to use the image.
 * @returns what became of each */
async function deleteUnused(
  cloud: Cloud,
  fleet: Fleet,
  planned: readonly Verdict[],
  look: () => Promise<readonly Verdict[]>,
): Promise<readonly Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const verdict of planned) {
    const { name } = verdict.image;
    const isToGo = verdict.reasons.length === 0;
    const now = isToGo ? (await look()).find(({ image }) => image.name === name) : undefined;
    verdicts.push(now ?? verdict);
    if (now === undefined || now.reasons.length > 0) continue;
    await deleteImage(cloud, name);
    await dropRecord(cloud.storage, bucketOf(fleet), name);
  }
  return verdicts;
}
