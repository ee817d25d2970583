import { html, type Markup } from './markup.ts';
import { clockOf, item } from './parts.ts';
import type { CallsReport, Report } from './types.ts';
import { count, duration, plural } from './words.ts';

/** The calls in detail, and each one that suffered. */
export function callSection(report: Report): Markup | undefined {
  const { calls } = report;
  if (calls === undefined) return undefined;
  const { caller } = calls;
  const items = [
    item(
      'Calls',
      count(calls.calls),
      `${duration(calls.shortestSeconds)} to ${duration(calls.longestSeconds)} each`,
    ),
    item('Re-INVITEs accepted', count(calls.reInvites)),
    item(
      'Moved to another relay',
      plural(calls.diverted, 'new call'),
      'the first one asked took no calls or did not answer',
    ),
    ...movedItem(calls),
    item('RTP packets', count(calls.packetsSent), 'sent by both phones of each call, counted one by one'),
    item(
      'Late by 200 ms or more',
      count(calls.late),
      `${count(calls.duplicates)} duplicates, ${count(calls.stray)} of other calls`,
    ),
    item(
      "Caller's own pauses",
      plural(caller.stalls, 'pause'),
      `the longest ${Math.round(caller.longestStallMs)} ms; nothing lost is forgiven for it`,
    ),
  ];
  return html`<section><h2>Calls</h2><dl>${items}</dl>${harmedTable(report)}</section>`;
}

function movedItem({ moved }: CallsReport): readonly Markup[] {
  if (moved === undefined) return [];
  const lost = `${plural(moved.packetsLost, 'packet')} lost by that, both directions`;
  return [item('Went on at another relay', plural(moved.calls, 'live call'), lost)];
}

/** So many calls are listed; report.json has all. */
const MOST_HARMED = 100;

function harmedTable(report: Report): Markup | undefined {
  const harmed = report.calls?.harmed ?? [];
  if (harmed.length === 0) return undefined;
  const at = clockOf(report);
  const rows = harmed
    .slice(0, MOST_HARMED)
    .map(
      ({ id, relay = 'none', lost, reason, at: when }) =>
        html`<tr class="failed"><td class="time">${at(when)}</td><td>${id}</td><td>${relay}</td><td class="number">${count(lost)}</td><td>${reason ?? 'not cut'}</td></tr>`,
    );
  const more =
    harmed.length > MOST_HARMED
      ? html`<p>${count(harmed.length - MOST_HARMED)} more are in report.json.</p>`
      : undefined;
  return html`<h2>Calls that suffered</h2><div class="wide"><table><thead><tr><th>Ended</th><th>Call</th><th>Relay</th><th class="number">Packets lost</th><th>Cut because</th></tr></thead><tbody>${rows}</tbody></table></div>${more}`;
}
