/** The documents of an OCI image (opencontainers/image-spec v1.1). Pure. */
import { EPOCH } from '../bases.ts';
import type { ImagePlan } from '../plan.ts';

export const MEDIA = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
} as const;

export type Descriptor = { readonly mediaType: string; readonly digest: string; readonly size: number };

/** Where the foreground program of a container lies in the image (image-builder/on-image). */
export const ENTRYPOINT = '/usr/lib/rtpfleet/run';

type Facts = Pick<ImagePlan, 'image' | 'version' | 'base'>;

const CREATED = new Date(EPOCH * 1000).toISOString();
const AUTHOR = 'rtpfleet';

export function imageConfig(
  plan: Facts,
  layers: readonly { readonly diffId: string }[],
): Readonly<Record<string, unknown>> {
  return {
    created: CREATED,
    author: AUTHOR,
    architecture: 'amd64',
    os: 'linux',
    config: {
      Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'RTPFLEET_STANDALONE=yes'],
      Entrypoint: [ENTRYPOINT],
      StopSignal: 'SIGTERM',
      Labels: {
        'org.opencontainers.image.title': plan.image,
        'org.opencontainers.image.version': plan.version,
        'org.opencontainers.image.base.name': plan.base,
      },
    },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: ['packages', 'files of rtpfleet'].map((comment) => ({
      created: CREATED,
      created_by: AUTHOR,
      comment,
    })),
  };
}

export function imageManifest(
  config: Descriptor,
  layers: readonly Descriptor[],
): Readonly<Record<string, unknown>> {
  return {
    schemaVersion: 2,
    mediaType: MEDIA.manifest,
    config,
    layers: layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })),
  };
}

/** `ref.name`: the tag that an engine gives the image when it loads the archive. */
export function imageIndex(manifest: Descriptor, plan: Facts): Readonly<Record<string, unknown>> {
  const annotations = { 'org.opencontainers.image.ref.name': `rtpengine:${plan.version}` };
  const platform = { architecture: 'amd64', os: 'linux' };
  return { schemaVersion: 2, mediaType: MEDIA.index, manifests: [{ ...manifest, annotations, platform }] };
}
