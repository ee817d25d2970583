import { callSection } from './call-section.ts';
import { MOST_ROWS, timelineChart } from './chart.ts';
import { html, type Markup } from './markup.ts';
import { auditTable, capacitySection, decisionTable, figures, relayTable, waitTable } from './sections.ts';
import { STYLE } from './theme.ts';
import type { CallsReport, Report } from './types.ts';
import { PHASE_WORDS, plural } from './words.ts';

/** The report as one page: no script, nothing from elsewhere, light and dark. Pure. */
export function renderReport(report: Report): string {
  const title = `Rollout of ${report.fleet}`;
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title><style>${{ markup: STYLE }}</style></head><body><main>
${heading(report)}
${verdict(report)}
${figures(report)}
${timeline(report)}
${relayTable(report)}
${callSection(report)}
${capacitySection(report)}
${waitTable(report)}
${decisionTable(report)}
${auditTable(report)}
<footer>Run ${report.run.ids.join(', ')} by ${report.run.by}. Times count from the start of the rollout, ${report.run.startedAt}.</footer>
</main></body></html>
`;
  return page.markup;
}

function heading({ fleet, run }: Report): Markup {
  const before = run.versionsBefore.join(', ') || 'not known';
  const after = run.targets.map(({ version, image }) => version ?? image);
  const day = run.startedAt.slice(0, 16).replace('T', ' ');
  return html`<header><p>Fleet ${fleet} · ${day} UTC</p><h1>RTPEngine ${before} → ${[...new Set(after)].join(', ')}</h1></header>`;
}

const CHECK = html`<svg viewBox="0 0 48 48" fill="none" stroke="currentColor" stroke-width="4" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><circle cx="24" cy="24" r="21"/><path d="M14 25l7 7 13-15"/></svg>`;
const CROSS = html`<svg viewBox="0 0 48 48" fill="none" stroke="currentColor" stroke-width="4" stroke-linecap="round" aria-hidden="true"><circle cx="24" cy="24" r="21"/><path d="M17 17l14 14M31 17L17 31"/></svg>`;

function verdict({ verdict: { ok, problems, onTarget, relays }, calls }: Report): Markup {
  if (!ok)
    return html`<div class="verdict bad">${CROSS}<div><strong>Not as it should be</strong><ul>${problems.map((problem) => html`<li>${problem}</li>`)}</ul></div></div>`;
  const serve =
    onTarget === relays
      ? 'Every relay serves the new image'
      : `${onTarget} of ${plural(relays, 'relay')} serve the new image, as many as were asked for`;
  const [head, tail] =
    calls === undefined
      ? [serve, 'No caller told about its calls; sessions are as the relays counted them.']
      : goodCalls(calls, serve);
  return html`<div class="verdict good">${CHECK}<div><strong>${head}</strong><span>${tail}</span></div></div>`;
}

function goodCalls({ packetsLost }: CallsReport, serve: string): readonly [string, string] {
  if (packetsLost === 0)
    return [
      'No call was cut and no packet was lost',
      `${serve}, and every packet that a phone sent has arrived.`,
    ];
  const lost = `${plural(packetsLost, 'packet')} ${packetsLost === 1 ? 'was' : 'were'} lost while calls went on at another relay`;
  return ['No call was cut', `${serve}. ${lost}; every other that a phone sent has arrived.`];
}

function timeline(report: Report): Markup {
  const used = new Set(report.relays.flatMap(({ phases }) => phases.map(({ phase }) => phase)));
  const keys = (Object.keys(PHASE_WORDS) as (keyof typeof PHASE_WORDS)[]).filter((phase) => used.has(phase));
  const hidden = report.relays.length - MOST_ROWS;
  const more = hidden > 0 ? html`<p>${hidden} more relays are in the table below.</p>` : undefined;
  const counted =
    report.sessions.source === 'caller' ? 'calls with media' : 'calls, as the relays count them';
  return html`<section><h2>Timeline</h2><ul class="legend">${keys.map((phase) => html`<li><i class="${phase}"></i>${PHASE_WORDS[phase]}</li>`)}<li><i class="calls"></i>${counted}</li></ul><div class="wide">${timelineChart(report)}</div>${more}</section>`;
}
