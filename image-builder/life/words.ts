/** Images as people read them. Pure. */
import type { Manifest } from '../manifest.ts';
import { wordDiffShort } from './diff.ts';
import { byAge, type ImageFacts, newestOfFamily } from './facts.ts';
import type { Stock, Verdict } from './prune.ts';
import { usersOf } from './uses.ts';

/** One line of `image:list`, and what `--json` prints. */
export type Listed = ImageFacts & {
  /** Whether its family stands for it. */
  readonly current: boolean;
  readonly pinned: boolean;
  readonly usedBy: readonly string[];
};

/** Images of one fleet, or of all; newest first. */
export function listed(stock: Stock, fleet: string | undefined): readonly Listed[] {
  const shown = stock.images.filter((image) => image.fleet !== '' && (fleet ?? image.fleet) === image.fleet);
  return shown.toSorted(byAge).map((image) => withUsers(stock, image));
}

export function withUsers(stock: Stock, image: ImageFacts): Listed {
  const current = newestOfFamily(stock.images, image.family)?.name === image.name;
  const usedBy = usersOf(image.name, current ? image.family : undefined, stock.uses);
  return { ...image, current, pinned: stock.pinned.includes(image.name), usedBy };
}

const HEAD = ['NAME', 'VERSION', 'BASE', 'AGE', 'FAMILY', 'STATE', 'USED BY'];

/** @param now milliseconds since 1970 */
export function wordList(images: readonly Listed[], now: number): string {
  const rows = images.map((image) => [
    image.name,
    image.version,
    image.base,
    wordAge(now - image.createdAt),
    image.family,
    wordState(image),
    wordUsers(image),
  ]);
  return `${columns([HEAD, ...rows]).join('\n')}\n`;
}

/** What a person asks first: may it be used, and if not, why. */
export function wordState(
  image: Pick<Listed, 'status' | 'accepted' | 'state' | 'current' | 'promoted'>,
): string {
  if (image.status !== 'READY') return image.status.toLowerCase();
  if (image.accepted === undefined) return 'not accepted';
  if (image.current) return 'current';
  if (image.state === 'ACTIVE') return 'active';
  return image.promoted ? image.state.toLowerCase() : 'accepted';
}

const MOST_USERS = 2;

function wordUsers({ pinned, usedBy }: Listed): string {
  const words = [...(pinned ? ['pin'] : []), ...usedBy.slice(0, MOST_USERS)];
  if (usedBy.length > MOST_USERS) words.push(`${usedBy.length - MOST_USERS} more`);
  return words.length === 0 ? '-' : words.join(', ');
}

/** `3 min`, `5 h`, `12 d`. */
export function wordAge(ms: number): string {
  const minutes = Math.max(0, Math.floor(ms / 60_000));
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} d`;
}

export function wordShow(image: Listed, record: Manifest | undefined): string {
  const { name, version, base, family, storedBytes, diskGb, replacement, usedBy } = image;
  const lines = [
    `image     ${name}: RTPEngine ${version} on ${base}`,
    `family    ${family}`,
    `state     ${wordState(image)}${replacement === undefined ? '' : `, replaced by ${replacement}`}`,
    `accepted  ${image.accepted === undefined ? 'no' : `by ${image.accepted}`}`,
    `created   ${new Date(image.createdAt).toISOString()}`,
    `size      ${(storedBytes / 1e6).toFixed(0)} MB stored, disk of ${diskGb} GiB`,
    `used by   ${[...(image.pinned ? ['configs/release.json'] : []), ...usedBy].join(', ') || 'nobody'}`,
    ...(record === undefined ? ['record    none in the bucket'] : recordLines(record)),
  ];
  return `${lines.join('\n')}\n`;
}

function recordLines(record: Manifest): readonly string[] {
  const { archive, packages, files, kernel, source, commit, place, builtAt, since } = record;
  const origin = [source, place, commit].filter((word) => word !== undefined).join(' ');
  return [
    `built     ${builtAt}`,
    `source    ${origin}`,
    `kernel    ${kernel}`,
    `content   ${packages.length} packages, ${files.length} files of ours`,
    `archive   ${(archive.bytes / 1e6).toFixed(0)} MB, sha256 ${archive.sha256}`,
    ...(since === undefined ? [] : [`since     ${since.before}: ${wordDiffShort(since)}`]),
  ];
}

/** What goes, then what stays and why. */
export function wordPrune(verdicts: readonly Verdict[], isDone: boolean): string {
  const going = verdicts.filter(({ reasons }) => reasons.length === 0);
  const staying = verdicts.filter(({ reasons }) => reasons.length > 0);
  const end = isDone || going.length === 0 ? [] : ['Nothing was deleted; --yes does it.'];
  const verb = isDone ? 'deleted' : 'delete';
  const lines = [
    ...going.map(({ image }) => `${verb}  ${image.name}`),
    ...(going.length === 0 ? ['nothing to delete'] : []),
    ...staying.map(({ image, reasons }) => `keep  ${image.name}: ${reasons.join('; ')}`),
    ...end,
  ];
  return `${lines.join('\n')}\n`;
}

function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
