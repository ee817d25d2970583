/**
 * Reads a fleet file: YAML → checked against the schema → defaults filled → rules that a schema cannot say.
 * All that is wrong is said at once, each with file, line, path and value.
 */
import { readFileSync } from 'node:fs';
import { Ajv, type ErrorObject } from 'ajv';
import { LineCounter, parseDocument } from 'yaml';
import { FleetError, reasonOf } from '../lib/errors.ts';
import type { Fleet } from './fleet.ts';
import { isCidr } from './range.ts';
import { contradictions } from './rules.ts';
import { wordProblem } from './word.ts';

/** Something wrong at a place of the file; `path` as keys and indexes from the root. */
export type Problem = { readonly path: readonly string[]; readonly message: string };

const validateFleet = (() => {
  const schemaFile = new URL('./schemas/fleet.schema.json', import.meta.url);
  const ajv = new Ajv({ allErrors: true, useDefaults: true, verbose: true, allowUnionTypes: true });
  ajv.addFormat('ipv4-cidr', isCidr);
  let compiled: ReturnType<typeof ajv.compile<Fleet>> | undefined;
  return () => {
    compiled ??= ajv.compile<Fleet>(JSON.parse(readFileSync(schemaFile, 'utf8')));
    return compiled;
  };
})();

/**
 * The fleet that a file describes, every default filled in.
 * @throws FleetError `usage`, code `fleet-file`: one line per problem.
 */
export function loadFleet(file: string): Fleet {
  return parseFleet(readText(file), file);
}

/** The same for a text; `file` is only how messages name it. */
export function parseFleet(text: string, file: string): Fleet {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const broken = document.errors[0];
  if (broken !== undefined) {
    const line = lines.linePos(broken.pos[0]).line;
    throw fleetFileError(file, [`${file}:${line}: not valid YAML: ${broken.message.split('\n')[0] ?? ''}`]);
  }
  const value: unknown = document.toJS();
  const validate = validateFleet();
  const wrong = validate(value) ? [] : distinct(validate.errors ?? []).map(wordProblem);
  const fleet = value as Fleet;
  const problems = wrong.length > 0 ? wrong : contradictions(fleet);
  if (problems.length > 0) {
    throw fleetFileError(
      file,
      problems.map((problem) => `${file}:${lineOf(problem.path)}: ${problem.message}`),
    );
  }
  return fleet;

  function lineOf(path: readonly string[]): number {
    for (let depth = path.length; depth > 0; depth--) {
      const node = document.getIn(path.slice(0, depth), true);
      const start = (node as { range?: readonly number[] } | undefined)?.range?.[0];
      if (start !== undefined) return lines.linePos(start).line;
    }
    return 1;
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new FleetError({
      kind: 'usage',
      code: 'fleet-file',
      message: `${file}: cannot be read: ${reasonOf(cause)}`,
      hint: 'Name a fleet file with --fleet FILE, for example --fleet configs/fleets/lab.yaml.',
      cause,
    });
  }
}

/** One problem per place: a wrong type breaks several rules, and the first says enough. */
function distinct(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const seen = new Set<string>();
  return errors.filter((error) => {
    const extra = error.keyword === 'additionalProperties' ? error.params.additionalProperty : '';
    const missing = error.keyword === 'required' ? error.params.missingProperty : '';
    const place = `${error.instancePath} ${extra} ${missing}`;
    return seen.has(place) ? false : seen.add(place) !== undefined;
  });
}

function fleetFileError(file: string, sentences: readonly string[]): FleetError {
  return new FleetError({
    kind: 'usage',
    code: 'fleet-file',
    message: sentences.join('\n'),
    hint: 'Every key is described in configs/schemas/fleet.schema.json.',
    facts: { file, problems: sentences.length },
  });
}
