import process from 'node:process';

let isSilenced = false;

/**
 * Google's clients look for a metadata server, and tell on stderr what else answered at its address (gcp-metadata 9.2,
 * `MetadataLookupWarning`). Whoever has no credentials hears that from us, in one sentence; to others it means nothing.
 * Every other warning is told as before.
 */
export function silenceMetadataLookup(): void {
  if (isSilenced) return;
  isSilenced = true;
  const emit = process.emitWarning.bind(process) as (...args: readonly unknown[]) => void;
  process.emitWarning = (...args: readonly unknown[]) => {
    if (args[1] !== 'MetadataLookupWarning') emit(...args);
  };
}
