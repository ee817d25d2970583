import type { Phase } from '../core/fleet.ts';
import { html, type Markup } from './markup.ts';
import type { PhaseSpan, RelayReport, Report } from './types.ts';
import { axisStep, duration, offset, PHASE_WORDS } from './words.ts';

const BAR_WORDS: Readonly<Record<Phase, string>> = {
  ...PHASE_WORDS,
  stale: 'old image',
  serving: 'new image',
};

const WIDTH = 1_080;
const LEFT = 178;
const RIGHT = 34;
const PLOT = WIDTH - LEFT - RIGHT;
const BAR = 18;
const AREA = 46;
const ROW = 90;
const TOTAL_AREA = 64;
const AXIS = 30;
/** Rows that a page can show; the table has all relays. */
export const MOST_ROWS = 60;

type Scale = { readonly from: number; readonly seconds: number; readonly x: (at: number) => number };

/** Phases and calls of every relay over one axis of time, as inline SVG. */
export function timelineChart(report: Report): Markup {
  const rows = report.relays.slice(0, MOST_ROWS);
  const scale = scaleOf(report);
  const most = Math.max(
    1,
    ...report.sessions.relays.flatMap(({ calls }) => calls.map((value) => value ?? 0)),
  );
  const height = rows.length * ROW + TOTAL_AREA + 26 + AXIS;
  const zero = Date.parse(report.run.startedAt);
  return html`<svg class="chart" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="Phases and calls of each relay over time">
${axis(scale, zero, height)}
${rows.map((relay, row) => relayRow(report, relay, row * ROW, scale, most))}
${totalRow(report, rows.length * ROW + 6, scale)}
</svg>`;
}

function scaleOf(report: Report): Scale {
  const { sessions, relays } = report;
  const ends = relays.flatMap(({ phases }) =>
    phases.flatMap(({ from, to }) => [Date.parse(from), Date.parse(to)]),
  );
  const length = sessions.relays.reduce((most, { calls }) => Math.max(most, calls.length), 0);
  const callsFrom = Date.parse(sessions.startedAt);
  const callTimes = length === 0 ? [] : [callsFrom, callsFrom + (length - 1) * 1_000];
  const all = [...ends, ...callTimes];
  const from = Math.min(...all);
  const seconds = Math.max(1, (Math.max(...all) - from) / 1_000);
  return { from, seconds, x: (at) => LEFT + ((at - from) / 1_000 / seconds) * PLOT };
}

function axis({ from, seconds, x }: Scale, zero: number, height: number): Markup {
  const step = axisStep(seconds, 12);
  const first = Math.ceil((from - zero) / 1_000 / step) * step;
  const count = Math.floor((seconds - (first - (from - zero) / 1_000)) / step) + 1;
  const marks = Array.from({ length: count }, (_, at) => first + at * step);
  return html`<g class="axis">${marks.map((mark) => {
    const at = fixed(x(zero + mark * 1_000));
    return html`<line x1="${at}" x2="${at}" y1="0" y2="${height - AXIS + 4}"/><text x="${at}" y="${height - AXIS + 20}" text-anchor="middle">${offset(mark)}</text>`;
  })}</g>`;
}

function relayRow(report: Report, relay: RelayReport, top: number, scale: Scale, most: number): Markup {
  const calls = report.sessions.relays.find(({ name }) => name === relay.name)?.calls ?? [];
  const { versionBefore = '?', versionAfter = '?' } = relay;
  const versions = versionBefore === versionAfter ? versionAfter : `${versionBefore} → ${versionAfter}`;
  return html`<g transform="translate(0 ${top})">
<text class="name" x="0" y="15">${relay.name}</text>
<text class="sub" x="0" y="33">${relay.zone}</text>
<text class="sub" x="0" y="50">${versions}</text>
${relay.phases.map((span, place) => bar(place === 0 ? fromTheLeft(span, scale) : span, scale))}
<g transform="translate(0 ${BAR + 5})">${area(calls, report.sessions.startedAt, scale, AREA, most)}</g>
</g>`;
}

/** A relay that served when the rollout first looked at it did so before: its bar begins where the chart does. */
function fromTheLeft(span: PhaseSpan, { from }: Scale): PhaseSpan {
  const served = span.phase === 'stale' || span.phase === 'serving';
  return served ? { ...span, from: new Date(from).toISOString() } : span;
}

function bar({ phase, from, to }: PhaseSpan, { x }: Scale): Markup {
  const [left, right] = [x(Date.parse(from)), x(Date.parse(to))];
  const width = Math.max(1.5, right - left - 1);
  const seconds = (Date.parse(to) - Date.parse(from)) / 1_000;
  const word = BAR_WORDS[phase];
  const label = width > word.length * 6.4 + 10 ? word : '';
  return html`<g class="phase ${phase}"><title>${PHASE_WORDS[phase]}, ${duration(seconds)}</title><rect x="${fixed(left)}" y="0" width="${fixed(width)}" height="${BAR}" rx="3"/><text x="${fixed(left + width / 2)}" y="13" text-anchor="middle">${label}</text></g>`;
}

/** Steps from second to second; a stretch that is not known is left open. */
function area(
  calls: readonly (number | null)[],
  startedAt: string,
  { x }: Scale,
  height: number,
  most: number,
): Markup {
  const from = Date.parse(startedAt);
  const y = (value: number) => fixed(height - (value / most) * (height - 3));
  const point = (value: number, at: number) => `${fixed(x(from + at * 1_000))} ${y(value)}`;
  const stretches = stretchesOf(calls);
  const peak = calls.reduce<number>((a, b) => Math.max(a, b ?? 0), 0);
  const lines = stretches.map(({ at, values }) =>
    values.map((value, index) => point(value, at + index)).join('L'),
  );
  const fills = stretches.map(({ at, values }, index) => {
    const [left, right] = [x(from + at * 1_000), x(from + (at + values.length - 1) * 1_000)].map(fixed);
    return `M${left} ${height}L${lines[index]}L${right} ${height}Z`;
  });
  return html`<line class="base" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${height}" y2="${height}"/><path class="fill" d="${fills.join('')}"/><path class="line" d="${lines.map((line) => `M${line}`).join('')}"/><text class="peak" x="${WIDTH - RIGHT + 6}" y="${fixed(Number(y(peak)) + 4)}">${peak}</text>`;
}

function stretchesOf(calls: readonly (number | null)[]) {
  const stretches: { at: number; values: number[] }[] = [];
  calls.forEach((value, at) => {
    if (value === null) return;
    const last = stretches.at(-1);
    if (last !== undefined && last.at + last.values.length === at) last.values.push(value);
    else stretches.push({ at, values: [value] });
  });
  return stretches;
}

function totalRow(report: Report, top: number, scale: Scale): Markup {
  const totals = totalCalls(report);
  const most = Math.max(1, ...totals.map((value) => value ?? 0));
  return html`<g class="total" transform="translate(0 ${top})">
<text class="name" x="0" y="30">All relays</text>
<text class="sub" x="0" y="48">calls at once</text>
${area(totals, report.sessions.startedAt, scale, TOTAL_AREA, most)}
</g>`;
}

/** Calls at once of the whole fleet, second by second; not known while one relay's are not. */
export function totalCalls({ sessions }: Pick<Report, 'sessions'>): readonly (number | null)[] {
  const length = sessions.relays.reduce((most, { calls }) => Math.max(most, calls.length), 0);
  return Array.from({ length }, (_, at) => {
    const values = sessions.relays.map(({ calls }) => calls[at] ?? null);
    return values.reduce<number | null>(
      (sum, value) => (sum === null || value === null ? null : sum + value),
      0,
    );
  });
}

function fixed(value: number): string {
  return String(Math.round(value * 10) / 10);
}
