/** A preview for people, at the width of their terminal. Pure. */
import type { Cost } from '../cost.ts';
import { columns, wrap } from './columns.ts';
import type { InputChange } from './compare.ts';
import type { Reach } from './reach.ts';
import type { Comparison, Report, Row } from './report.ts';

/** No cell but the last is wider. */
const WIDEST = 36;
const MARK = { added: '+', removed: '-', changed: '~', replaced: '±' } as const;

export function lines(report: Report, width: number): readonly string[] {
  const { stack, fleet, project, image, resources, against } = report;
  return [
    ...wrap(`Stack ${stack}: fleet ${fleet} in project ${project}, image ${image}`, width),
    ...(against === undefined ? [] : section('What changes', changeLines(against, width))),
    ...section(`${resources.length} resources`, resourceLines(resources, width)),
    ...section('Who may reach what', reachLines(report.reach, width)),
    ...section('Policies', policyLines(report, width)),
    ...section('Cost, an estimate', costLines(report.cost, width)),
    ...report.notes.flatMap((note) => ['', ...wrap(`Note: ${note}`, width)]),
  ];
}

/** By kind, each with its resources below, all of them aligned. */
function resourceLines(resources: readonly Row[], width: number): readonly string[] {
  const names = resources.map(({ cloudName }) => cloudName.length);
  const widest = Math.min(WIDEST, Math.max(0, ...names));
  return [...Map.groupBy(resources, ({ kind }) => kind)].flatMap(([kind, rows]) => {
    const cells = rows.map(({ cloudName, summary }) => [cloudName.padEnd(widest), summary]);
    return [kind, ...columns(cells, width - 2, widest).map((line) => `  ${line}`)];
  });
}

function section(title: string, body: readonly string[]): readonly string[] {
  return ['', title.toUpperCase(), ...body];
}

function changeLines({ what, changes, refused, dangers }: Comparison, width: number): readonly string[] {
  if (changes.length === 0) return wrap(`Nothing, against ${what}`, width);
  const counts = Object.keys(MARK).flatMap((kind) => {
    const count = changes.filter((change) => change.kind === kind).length;
    return count === 0 ? [] : [`${count} ${kind}`];
  });
  const rows = changes.flatMap(({ kind, resource, inputs }) => [
    ...wrap(
      `${MARK[kind]} ${resource.kind} ${resource.cloudName}${kind === 'added' ? `: ${resource.summary}` : ''}`,
      width,
    ),
    ...inputs.flatMap((input) => inputLines(input, width)),
  ]);
  return [
    ...wrap(`${counts.join(', ')}, against ${what}`, width),
    ...rows,
    ...refused.flatMap((text) => wrap(`! Pulumi refuses: ${text}`, width)),
    ...dangers.flatMap((text) => wrap(`! ${text}: drain them first`, width)),
    '(+ added, - removed, ~ changed in place, ± made anew)',
  ];
}

function inputLines({ path, from, to }: InputChange, width: number): readonly string[] {
  const text = `${path}: ${word(from)} → ${word(to)}`;
  return wrap(text, width - 6).map((line, index) => `${index === 0 ? '    ' : '      '}${line}`);
}

function word(value: unknown): string {
  if (value === undefined) return '(none)';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.replace(/^https:\/\/www\.googleapis\.com\/compute\/v1\/projects\/[^/]+\//, '');
}

function reachLines(reach: readonly Reach[], width: number): readonly string[] {
  const table = (direction: Reach['direction'], ...head: readonly string[]) => {
    const rows = reach.filter((one) => one.direction === direction).map(reachRow);
    return rows.length === 0
      ? []
      : columns([head, ...rows], width, Math.max(LEAST_CELL, Math.floor(width / 4)));
  };
  return [
    ...table('in', 'IN', 'FROM', 'TO', 'WHY'),
    'Nothing else comes in.',
    ...table('out', 'OUT', 'FROM', 'TO', 'WHY'),
    'Everything else may go out.',
  ];
}

const LEAST_CELL = 18;

function reachRow({ traffic, allowed, from, to, why }: Reach): readonly string[] {
  return [`${allowed ? '' : 'not '}${traffic.join(', ')}`, from.join(', '), to.join(', '), why];
}

function policyLines({ policies }: Report, width: number): readonly string[] {
  const broken = policies.filter((policy) => policy.broken.length > 0);
  const kept = `${policies.length - broken.length} of ${policies.length} kept`;
  return [
    broken.length === 0 ? `All ${policies.length} kept` : `${kept}; broken:`,
    ...broken.flatMap(({ name, rule, broken: findings }) => [
      ...wrap(`✖ ${name}: ${rule}`, width),
      ...findings.flatMap(({ resource, message }) =>
        wrap(`${resource.replace(/^gcp:[^ ]* /, '')}: ${message}`, width - 4).map((line) => `    ${line}`),
      ),
    ]),
  ];
}

function costLines(cost: Cost, width: number): readonly string[] {
  const money = (amount: number) => `${amount.toFixed(2)} ${cost.currency}`;
  const rows = cost.lines.map(({ what, amount, because }) => [
    amount === undefined ? 'unknown' : money(amount),
    because ?? what,
  ]);
  const total = cost.complete ? 'a month' : 'a month, and what is unknown';
  const amounts = [...rows, [money(cost.total), total]];
  const widest = Math.max(...amounts.map(([amount = '']) => amount.length));
  const { callHours, amount } = cost.traffic;
  return [
    ...columns(
      amounts.map(([sum = '', what = '']) => [sum.padStart(widest), what]),
      width,
    ),
    ...wrap(
      `List prices of ${cost.date}, without discounts, logs and traffic. ${callHours} hours of two-way G.711 calls to the internet: about ${money(amount)}.`,
      width,
    ),
  ];
}
