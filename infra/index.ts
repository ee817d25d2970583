/**
 * The Pulumi program: one fleet of relays on Google Compute Engine, as its fleet file and its pinned image describe it.
 *
 *   pulumi stack select prod && pulumi up
 */
import * as pulumi from '@pulumi/pulumi';
import { isFleetError, wordError } from '../lib/errors.ts';
import { readSettings, type Settings } from './config.ts';
import { RelayFleet } from './fleet.ts';
import { stackOutputs } from './outputs.ts';

/** Declares everything; what it returns becomes the stack's outputs. */
export default function program() {
  const settings = stackSettings();
  return stackOutputs(settings, new RelayFleet(settings.fleet.name, settings));
}

/** A mistake of the user is told in its own words: Pulumi prints a stack trace with anything but a RunError. */
function stackSettings(): Settings {
  const config = new pulumi.Config('rtpfleet');
  const keys = ['fleet', 'image', 'networkRange', 'protect', 'secretsEndpoint'] as const;
  const given = Object.fromEntries(keys.map((key) => [key, config.get(key)]));
  try {
    return readSettings(given, pulumi.getStack());
  } catch (cause) {
    if (!isFleetError(cause)) throw cause;
    throw Object.assign(new pulumi.RunError(wordError(cause)), { cause });
  }
}
