/** Metadata as GCE keeps it. Pure. */
import { fingerprintOf } from '../context.ts';
import { invalid } from '../refusal.ts';
import type { Metadata } from '../types.ts';

/** Metadata with its fingerprint; keys and sizes as GCE allows them. */
export function completeMetadata(metadata: Metadata | null | undefined): Metadata {
  const items = metadata?.items ?? [];
  let total = 0;
  for (const { key, value } of items) {
    if (!/^[a-zA-Z0-9-_]{1,128}$/.test(key ?? ''))
      throw invalid('resource.metadata.items.key', key, 'Metadata keys must match [a-zA-Z0-9-_]{1,128}.');
    if ((value ?? '').length > 256 * 1024)
      throw invalid(`resource.metadata.items.${key}`, '…', 'Metadata values may have at most 256 KiB.');
    total += (key ?? '').length + (value ?? '').length;
  }
  if (new Set(items.map(({ key }) => key)).size < items.length)
    throw invalid('resource.metadata.items', '', 'Metadata has duplicate keys.');
  if (total > 512 * 1024)
    throw invalid('resource.metadata', '…', 'Metadata may have at most 512 KiB in all.');
  return { kind: 'compute#metadata', fingerprint: fingerprintOf(items), items };
}
