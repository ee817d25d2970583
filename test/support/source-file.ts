/** What the architecture rules need to know of one source file, read from its syntax tree. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { parseSync } from 'oxc-parser';

export type Import = {
  /** Path from the project's folder for a file of the project, else the name as it is written (`node:fs`, `ajv`). */
  readonly target: string;
  readonly isLocal: boolean;
  /** Only types come in: nothing of it runs. */
  readonly isType: boolean;
  readonly names: readonly string[];
};

export type SourceFile = {
  /** From the project's folder, with `/`. */
  readonly path: string;
  readonly lines: number;
  readonly imports: readonly Import[];
  readonly exports: readonly string[];
  /** True when it only hands on what other files export. */
  readonly isBarrel: boolean;
  /** Its head comment says `Pure.` */
  readonly saysPure: boolean;
  /** Clock, chance, timers, environment: `Date.now`, `new Date`, `Math.random`, `setTimeout`, `process`, `console`, `fetch`. */
  readonly effects: readonly string[];
  readonly longestFunction: number;
};

const NOT_OURS = new Set(['node_modules', '.git', '.lab', '.cache', '.tools']);

/** Every file of the project, from its folder; what git would ignore is left out. */
export function projectFiles(root: string, folder = ''): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (NOT_OURS.has(entry.name)) return [];
    const path = posix.join(folder, entry.name);
    return entry.isDirectory() ? projectFiles(root, path) : entry.isFile() ? [path] : [];
  });
}

export function readSource(root: string, path: string): SourceFile {
  return parseSource(path, readFileSync(join(root, path), 'utf8'));
}

/** Pure. @throws SyntaxError when the text is no TypeScript or JavaScript */
export function parseSource(path: string, text: string): SourceFile {
  const { module, program, errors } = parseSync(path, text);
  if (errors[0] !== undefined) throw new SyntaxError(`${path}: ${errors[0].message}`);
  const importOf = (request: string, isType: boolean, names: readonly string[]): Import => {
    const isLocal = request.startsWith('.');
    return { target: isLocal ? posix.join(posix.dirname(path), request) : request, isLocal, isType, names };
  };
  const exported = module.staticExports.flatMap((statement) => statement.entries);
  const handedOn = exported.filter((entry) => entry.moduleRequest !== null);
  const facts = walk(program, text);
  return {
    path,
    lines: text.trimEnd().split('\n').length,
    imports: [
      ...module.staticImports.map(({ moduleRequest, entries }) =>
        importOf(
          moduleRequest.value,
          entries.length > 0 && entries.every((entry) => entry.isType),
          entries.map((entry) => entry.importName.name ?? entry.importName.kind),
        ),
      ),
      ...handedOn.map((entry) =>
        importOf(entry.moduleRequest?.value ?? '', entry.isType, [entry.importName.name ?? '*']),
      ),
      ...facts.dynamicImports.map((request) => importOf(request, false, ['*'])),
    ],
    exports: exported.map((entry) => entry.exportName.name ?? entry.exportName.kind),
    isBarrel: exported.length > 0 && handedOn.length === exported.length,
    saysPure: /^\/\*\*(?:(?!\*\/).)*?\bPure\./s.test(text),
    effects: [...facts.effects],
    longestFunction: facts.longestFunction,
  };
}

type Node = {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
};

type Facts = { effects: Set<string>; dynamicImports: string[]; longestFunction: number };

const GLOBALS = ['setTimeout', 'setInterval', 'setImmediate', 'fetch', 'console', 'process', 'performance'];

function walk(root: unknown, text: string): Facts {
  const facts: Facts = { effects: new Set(), dynamicImports: [], longestFunction: 0 };
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) {
      for (const item of value) visit(item);
    } else if (isNode(value)) {
      note(value, text, facts);
      // Names of properties and of members are no uses of a global.
      const skipped = value.computed === true ? '' : value.type === 'MemberExpression' ? 'property' : 'key';
      for (const [key, child] of Object.entries(value)) if (key !== skipped) visit(child);
    }
  };
  visit(root);
  return facts;
}

function note(node: Node, text: string, facts: Facts): void {
  const source = text.slice(node.start, node.end);
  if (node.type === 'Identifier' && GLOBALS.includes(String(node.name))) facts.effects.add(String(node.name));
  if (node.type === 'MemberExpression' && /^(Date\.now|Math\.random)$/.test(source))
    facts.effects.add(source);
  if (node.type === 'NewExpression' && /^new Date(\(\s*\))?$/.test(source)) facts.effects.add('new Date');
  if (node.type === 'ImportExpression' && isNode(node.source) && typeof node.source.value === 'string')
    facts.dynamicImports.push(node.source.value);
  if (/^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(node.type))
    facts.longestFunction = Math.max(facts.longestFunction, source.split('\n').length);
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}
