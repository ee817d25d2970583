/**
 * What Google's contract says only in comments: which values a string field may have. Compute's enums are plain `string`
 * fields; "Check the X enum for the list of possible values" links field and enum, and 25 enums list more values in
 * their own comment ("Additional supported values …"), such as PROACTIVE. Pure.
 */

export type EnumFacts = {
  /** Values by qualified enum name, e.g. `InstanceGroupManagerUpdatePolicy.Type` → OPPORTUNISTIC, PROACTIVE. */
  readonly values: ReadonlyMap<string, ReadonlySet<string>>;
  /** Qualified enum name by `Message#<field number>`. */
  readonly ofField: ReadonlyMap<string, string>;
};

type Scan = {
  readonly scope: string[];
  comment: string[];
  readonly values: Map<string, Set<string>>;
  readonly ofField: Map<string, string>;
};

const OPEN = /^(message|enum|service|oneof|rpc)\b\s*(\w*).*\{$/;
const ENUM_VALUE = /^(\w+) = -?\d+;$/;
const FIELD = /^(?:optional |repeated )?(?:map<.+>|[\w.]+) \w+ = (\d+)/;
const ENUM_LINK = /Check the (\w+) enum for the list of possible values/;
const ADDITIONAL = /^Additional supported values/;
const VALUE = /^[A-Z][A-Z0-9_.]*$/;

/** Reads `compute.proto` line by line. */
export function readEnumFacts(proto: string): EnumFacts {
  const scan: Scan = { scope: [], comment: [], values: new Map(), ofField: new Map() };
  for (const raw of proto.split('\n')) {
    const line = raw.trim();
    if (line.startsWith('//')) scan.comment.push(line.slice(2).trim());
    else if (line !== '') readLine(scan, line);
  }
  return scan;
}

function readLine(scan: Scan, line: string): void {
  const comment = scan.comment;
  scan.comment = [];
  const open = OPEN.exec(line);
  if (open) {
    scan.scope.push(open[2] ?? '');
    if (open[1] === 'enum') scan.values.set(scan.scope.join('.'), additionalValues(comment));
    return;
  }
  if (line === '}' || line === '};') {
    scan.scope.pop();
    return;
  }
  const owner = scan.scope.join('.');
  const value = ENUM_VALUE.exec(line)?.[1];
  if (value !== undefined) {
    if (!value.startsWith('UNDEFINED_')) scan.values.get(owner)?.add(value);
    return;
  }
  const field = FIELD.exec(line)?.[1];
  const link = ENUM_LINK.exec(comment.join(' '))?.[1];
  if (field !== undefined && link !== undefined) scan.ofField.set(`${owner}#${field}`, `${owner}.${link}`);
}

function additionalValues(comment: readonly string[]): Set<string> {
  const start = comment.findIndex((line) => ADDITIONAL.test(line));
  return new Set(start < 0 ? [] : comment.slice(start + 1).filter((line) => VALUE.test(line)));
}
