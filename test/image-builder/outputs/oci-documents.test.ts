import { expect, test } from 'vitest';
import {
  imageConfig,
  imageIndex,
  imageManifest,
  MEDIA,
} from '../../../image-builder/outputs/oci-documents.ts';

const PLAN = {
  image: 'rtpengine-mr12-5-1-31-debian-13-0123abcd',
  version: 'mr12.5.1.31',
  base: 'debian-13',
} as const;
const LAYER = { mediaType: MEDIA.layer, digest: 'sha256:aa', size: 7, diffId: 'sha256:bb' };

test('a container runs RTPEngine, and asks for no metadata server', () => {
  expect(imageConfig(PLAN, [LAYER, LAYER])).toMatchObject({
    os: 'linux',
    created: '2025-01-01T00:00:00.000Z',
    config: {
      Entrypoint: ['/usr/lib/rtpfleet/run'],
      Env: expect.arrayContaining(['RTPFLEET_STANDALONE=yes']),
      Labels: { 'org.opencontainers.image.version': 'mr12.5.1.31' },
    },
  });
});

test('an engine is told the digests of the layers as they are packed, and as they are', () => {
  const config = { mediaType: MEDIA.config, digest: 'sha256:cc', size: 9 };
  const { diffId: _, ...packed } = LAYER;
  expect(imageConfig(PLAN, [LAYER])).toMatchObject({ rootfs: { type: 'layers', diff_ids: ['sha256:bb'] } });
  expect(imageManifest(config, [LAYER])).toEqual({
    schemaVersion: 2,
    mediaType: MEDIA.manifest,
    config,
    layers: [packed],
  });
});

test('each layer has its history', () => {
  const { history } = imageConfig(PLAN, [LAYER, LAYER]) as { readonly history: readonly unknown[] };
  expect(history).toHaveLength(2);
});

test('the archive says under which name to load it', () => {
  const manifest = { mediaType: MEDIA.manifest, digest: 'sha256:dd', size: 9 };
  expect(imageIndex(manifest, PLAN)).toMatchObject({
    manifests: [
      { digest: 'sha256:dd', annotations: { 'org.opencontainers.image.ref.name': 'rtpengine:mr12.5.1.31' } },
    ],
  });
});
