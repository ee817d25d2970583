/** Which images may go. Pure. */
import { byAge, type ImageFacts, newestOfFamily } from './facts.ts';
import { type Use, usersOf } from './uses.ts';

export type Stock = {
  readonly images: readonly ImageFacts[];
  readonly uses: readonly Use[];
  /** Names of the images that configs/release.json pins, of whatever fleet. */
  readonly pinned: readonly string[];
};

export type PruneOrder = {
  /** Name of the fleet whose images are looked at; those of others are never touched. */
  readonly fleet: string;
  /** So many accepted ones stay, the newest: the way back. */
  readonly keep: number;
  /** Milliseconds since 1970. */
  readonly now: number;
};

export type Verdict = {
  readonly image: ImageFacts;
  /** Why it stays; none: it may go. */
  readonly reasons: readonly string[];
};

/** What is not accepted after this is not being accepted any more. */
const IN_THE_MAKING_MS = 86_400_000;

/** One verdict for each image of the fleet, newest first. */
export function planPrune(stock: Stock, order: PruneOrder): readonly Verdict[] {
  const own = stock.images.filter(({ fleet }) => fleet === order.fleet).toSorted(byAge);
  const latest = own.filter(({ accepted }) => accepted !== undefined).slice(0, order.keep);
  return own.map((image) => ({ image, reasons: reasonsFor(image, stock, latest, order) }));
}

function reasonsFor(
  image: ImageFacts,
  { images, uses, pinned }: Stock,
  latest: readonly ImageFacts[],
  { now, keep }: PruneOrder,
): readonly string[] {
  const isNewest = newestOfFamily(images, image.family)?.name === image.name;
  const users = usersOf(image.name, isNewest ? image.family : undefined, uses);
  const isNew = image.accepted === undefined && now - image.createdAt < IN_THE_MAKING_MS;
  return [
    ...(pinned.includes(image.name) ? ['pinned in configs/release.json'] : []),
    ...(isNewest ? [`family ${image.family} stands for it`] : []),
    ...users.map((user) => `used by ${user}`),
    ...(latest.includes(image) ? [`one of the last ${keep} that were accepted`] : []),
    ...(image.status === 'READY' || image.status === 'FAILED' ? [] : [`it is ${image.status}`]),
    ...(isNew ? ['not accepted yet, and less than a day old'] : []),
  ];
}
