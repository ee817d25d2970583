/** Every line of rtpengine.conf against the options of the RTPEngine in the image: an unknown one is silently ignored by
 * RTPEngine itself (measured in 10.5 to 26.0), so nobody else would tell. Pure. */
import { LineCounter, parseDocument } from 'yaml';
import { FleetError } from '../lib/errors.ts';
import { nearest, nearestOfAll } from '../lib/nearest.ts';

/** Names of all options in the text that `rtpengine --help` prints: GLib's layout, `  -x, --name=ARG   text`. */
export function optionsOfHelp(help: string): ReadonlySet<string> {
  return new Set([...help.matchAll(/^\s+(?:-\w, )?--([a-z0-9-]+)/gm)].map(([, name = '']) => name));
}

/** Names of the options that a configuration sets; those behind `#redis# ` are set at boot. */
export function optionsOfConfig(config: string): readonly string[] {
  return [...config.matchAll(/^(?:#redis# )?([a-z][a-z0-9-]*) *=/gm)].map(([, name = '']) => name);
}

/** Where a fleet file sets `rtpengine.options.<name>`: line from 1 on; undefined: it does not. */
export function lineOfOption(fleetText: string, name: string): number | undefined {
  const lines = new LineCounter();
  const document = parseDocument(fleetText, { lineCounter: lines });
  const node = document.getIn(['rtpengine', 'options', name], true) as
    | { range?: readonly number[] }
    | undefined;
  const start = node?.range?.[0];
  return start === undefined ? undefined : lines.linePos(start).line;
}

/**
 * @returns how many options it sets
 * @param fleet the fleet file's name and text, for the message
 * @throws FleetError `usage`, code `unknown-option`: one line for each option that this version does not have
 */
export function checkOptions(
  config: string,
  help: string,
  version: string,
  fleet: { readonly file: string; readonly text: string },
): number {
  const known = optionsOfHelp(help);
  const used = optionsOfConfig(config);
  const unknown = used.filter((name) => !known.has(name));
  if (unknown.length === 0) return used.length;
  const sentences = unknown.map((name) => {
    const line = lineOfOption(fleet.text, name);
    const place = line === undefined ? 'configs/templates/image/rtpengine.conf' : `${fleet.file}:${line}`;
    return `${place}: RTPEngine ${version} has no option ${name}${wordNearest(name, [...known])}`;
  });
  throw new FleetError({
    kind: 'usage',
    code: 'unknown-option',
    message: sentences.join('\n'),
    hint: 'The options of a version are those of its `rtpengine --help`.',
    facts: { version, options: unknown.join(' ') },
  });
}

function wordNearest(name: string, known: readonly string[]): string {
  const like = nearest(name, known);
  if (like !== undefined) return `; did you mean ${like}?`;
  const far = nearestOfAll(name, known);
  return far === undefined ? '' : `; the nearest that it has is ${far.candidate}`;
}
