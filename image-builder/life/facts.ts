/** What is known of an image that GCE holds, and the labels that tell it. Pure. */
import { LABEL } from '../../configs/naming.ts';
import type { GceAnswer } from '../../lib/gce.ts';

/** An image as GCE describes it. */
export type GceImage = GceAnswer<'images', 'get'>;

/** Labels of images; GCE allows 63 of `[a-z0-9_-]` in a value. */
export const IMAGE_LABEL = {
  fleet: LABEL.fleet,
  /** `mr12-5-1-31` */
  version: 'rtpfleet-version',
  base: 'rtpfleet-base',
  /** `arm64`; absent: amd64. */
  architecture: 'rtpfleet-architecture',
  /** Key of the disk stage, 32 digits of it. */
  recipe: 'rtpfleet-recipe',
  /** sha256 of the record in the bucket, 32 digits of it: shows whether that is the one of this image. */
  record: 'rtpfleet-record',
  /** How it was accepted: `call` or `boot`. Absent: it was not. */
  accepted: 'rtpfleet-accepted',
  /** When its promotion was complete, Unix time in seconds; what tells a run that was killed half-way from one that ended. */
  promoted: 'rtpfleet-promoted',
} as const;

export const STATES = ['ACTIVE', 'DEPRECATED', 'OBSOLETE', 'DELETED'] as const;

/** GCE's word for whether an image may be used; only an ACTIVE one is what its family stands for. */
export type ImageState = (typeof STATES)[number];

export type ImageFacts = {
  readonly name: string;
  readonly link: string;
  readonly family: string;
  /** Name of the fleet that it was made for. */
  readonly fleet: string;
  readonly version: string;
  readonly base: string;
  readonly state: ImageState;
  /** Name of the image to use instead. */
  readonly replacement?: string;
  /** `READY`; else it is being imported, or failed to be. */
  readonly status: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly accepted: string | undefined;
  /** Whether it was once what its family stood for. */
  readonly promoted: boolean;
  /** Bytes that GCE stores and bills. */
  readonly storedBytes: number;
  readonly diskGb: number;
  readonly record: string | undefined;
};

export function factsOf(image: GceImage): ImageFacts {
  const labels = image.labels ?? {};
  const { state = 'ACTIVE', replacement } = image.deprecated ?? {};
  return {
    name: image.name ?? '',
    link: image.selfLink ?? '',
    family: image.family ?? '',
    fleet: labels[IMAGE_LABEL.fleet] ?? '',
    version: labels[IMAGE_LABEL.version]?.replaceAll('-', '.') ?? '',
    base: labels[IMAGE_LABEL.base] ?? '',
    // A state that GCE may have one day is taken for one in which nothing may be started from it.
    state: STATES.find((known) => known === (state || 'ACTIVE')) ?? 'OBSOLETE',
    ...(replacement ? { replacement: lastPart(replacement) } : {}),
    status: String(image.status ?? ''),
    createdAt: Date.parse(image.creationTimestamp ?? '') || 0,
    accepted: labels[IMAGE_LABEL.accepted],
    promoted: labels[IMAGE_LABEL.promoted] !== undefined,
    storedBytes: Number(image.archiveSizeBytes ?? 0),
    diskGb: Number(image.diskSizeGb ?? 0),
    record: labels[IMAGE_LABEL.record],
  };
}

/** The name at the end of a link, in whatever form GCE writes it. */
export function lastPart(link: string): string {
  return link.slice(link.lastIndexOf('/') + 1);
}

/** The image that a family stands for: the newest that is ready and not deprecated (GCE: getFromFamily). */
export function newestOfFamily(images: readonly ImageFacts[], family: string): ImageFacts | undefined {
  return images
    .filter((image) => image.family === family && image.state === 'ACTIVE' && image.status === 'READY')
    .toSorted(byAge)[0];
}

/** Newest first; those of one moment by name, so that an order is an order. */
export function byAge(a: ImageFacts, b: ImageFacts): number {
  return b.createdAt - a.createdAt || (a.name < b.name ? -1 : 1);
}
