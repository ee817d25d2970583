import { totalCalls } from './chart.ts';
import { html, type Markup } from './markup.ts';
import { clockOf, item, note } from './parts.ts';
import type { CallsReport, Decision, RelayReport, Report } from './types.ts';
import { count, duration, plural } from './words.ts';

/** The few numbers that say it all. */
export function figures(report: Report): Markup {
  const { calls, verdict, run, relays } = report;
  const cards = [
    ...(calls === undefined
      ? []
      : [
          card(count(calls.calls), 'calls'),
          card(count(calls.cut), 'calls cut', calls.cut > 0),
          card(
            count(calls.packetsLost),
            `of ${count(calls.packetsSent)} RTP packets lost${byMoves(calls)}`,
            calls.packetsLost > (calls.moved?.packetsLost ?? 0),
          ),
        ]),
    card(
      `${verdict.onTarget} of ${verdict.relays}`,
      `relays on ${wantedOf(run)}`,
      verdict.onTarget < verdict.relays && run.share === undefined,
    ),
    ...(run.seconds === undefined ? [] : [card(duration(run.seconds), 'for the whole rollout')]),
    ...longestDrain(relays),
    ...forcedCard(relays),
  ];
  return html`<ul class="figures">${cards}</ul>`;
}

function byMoves({ moved, packetsLost }: CallsReport): string {
  if (moved === undefined || moved.packetsLost === 0) return '';
  const some = moved.packetsLost < packetsLost ? `${count(moved.packetsLost)} of them ` : '';
  return `, ${some}while calls moved`;
}

/** What the groups want, or the image where its version is not known. */
function wantedOf({ targets }: Report['run']): string {
  return [...new Set(targets.map(({ version, image }) => version ?? image))].join(', ') || 'the new image';
}

/** Only a person has calls cut; nothing where nobody did. */
function forcedCard(relays: readonly RelayReport[]): readonly Markup[] {
  const forced = relays.flatMap(({ forced }) => forced ?? []);
  if (forced.length === 0) return [];
  const cut = forced.reduce((sum, { calls = 0 }) => sum + calls, 0);
  const more = forced.some(({ calls }) => calls === undefined) ? '+?' : '';
  return [card(`${count(cut)}${more}`, 'calls cut because a person said so', true)];
}

function card(value: string, label: string, hurt = false): Markup {
  return html`<li class="${hurt ? 'hurt' : ''}"><b>${value}</b><span>${label}</span></li>`;
}

function longestDrain(relays: readonly RelayReport[]): readonly Markup[] {
  const drains = relays.flatMap(({ drainSeconds }) => drainSeconds ?? []);
  return drains.length === 0 ? [] : [card(duration(Math.max(...drains)), 'longest drain of a relay')];
}

/** When what happened to each relay. */
export function relayTable(report: Report): Markup {
  const at = clockOf(report);
  const rows = report.relays.map(
    (
      relay,
    ) => html`<tr><td class="name">${relay.name}<small>${relay.zone}${relay.address === undefined ? '' : ` · ${relay.address}`}</small></td>
<td class="time">${relay.versionBefore ?? 'not known'}<small>→ ${relay.versionAfter ?? 'not known'}</small></td>
<td class="time">${at(relay.cordonedAt)}${note(relay.callsWhenCordoned, (calls) => `${plural(calls, 'call')} on it`)}</td>
<td class="time">${at(relay.emptyAt)}${note(relay.drainSeconds, (seconds) => `after ${duration(seconds)}`)}</td>
<td class="time">${at(relay.replacedAt)}</td><td class="time">${at(relay.joinedAt)}</td>
<td class="time">${at(relay.admittedAt)}${note(relay.awaySeconds, (seconds) => `${duration(seconds)} away`)}</td></tr>`,
  );
  return html`<section><h2>Relays</h2><div class="wide"><table>
<thead><tr><th>Relay</th><th>Version</th><th>Cordoned</th><th>Empty</th><th>Replaced</th><th>Up again</th><th>Takes calls</th></tr></thead>
<tbody>${rows}</tbody></table></div></section>`;
}

/** Everything that was decided, and why. */
export function decisionTable(report: Report): Markup | undefined {
  if (report.decisions.length === 0) return undefined;
  const at = clockOf(report);
  const rows = report.decisions.map(
    (
      decision,
    ) => html`<tr class="${decision.outcome}"><td class="time">${at(decision.at)}</td><td class="name">${decision.relay}</td>
<td>${WHAT[decision.what]}</td><td>${decision.because}${note(decision.detail, (text) => text)}</td>
<td class="time">${outcomeOf(decision)}</td></tr>`,
  );
  return html`<section><h2>Decisions</h2><div class="wide"><table>
<thead><tr><th>Time</th><th>Relay</th><th>What</th><th>Why</th><th>Took</th></tr></thead><tbody>${rows}</tbody></table></div></section>`;
}

const WHAT: Readonly<Record<Decision['what'], string>> = {
  cordon: 'cordon',
  reassert: 'cordon again',
  'remove-empty-calls': 'remove calls without parties',
  reap: 'end calls without a packet',
  force: 'replace the VM with its calls, as a person said',
  replace: 'replace the VM',
  admit: 'admit',
  uncordon: 'uncordon',
  release: 'release',
  'hand-over': 'hand its calls over',
  'give-back': 'give its calls back',
};

function outcomeOf({ outcome, seconds }: Decision): string {
  if (outcome === 'unknown') return 'not confirmed';
  const took = seconds === undefined ? '' : duration(seconds);
  return outcome === 'failed' ? `failed after ${took}` : took;
}

/** What was waited for, longest reasons included; nothing when nothing was. */
export function waitTable(report: Report): Markup | undefined {
  const waits = report.waits.filter(({ seconds, overdue }) => overdue || seconds >= 0.1);
  if (waits.length === 0) return undefined;
  const at = clockOf(report);
  const rows = waits.map(
    ({ relay, because, from, seconds, overdue }) =>
      html`<tr class="${overdue ? 'failed' : ''}"><td class="time">${at(from)}</td><td class="name">${relay ?? 'the rollout'}</td><td>${because}${note(overdue ? 'its deadline passed; nothing was forced' : undefined, (text) => text)}</td><td class="time number">${duration(seconds)}</td></tr>`,
  );
  return html`<section><h2>What was waited for</h2><div class="wide"><table>
<thead><tr><th>From</th><th>Relay</th><th>For what</th><th class="number">So long</th></tr></thead><tbody>${rows}</tbody></table></div></section>`;
}

/** Who asked for what, and what else was told. */
export function auditTable(report: Report): Markup | undefined {
  if (report.audit.length === 0) return undefined;
  const at = clockOf(report);
  const rows = report.audit.map(
    (line) =>
      html`<tr><td class="time">${at(line.at)}</td><td class="name">${line.run}</td><td>${line.said}</td></tr>`,
  );
  return html`<section><h2>Audit</h2><div class="wide"><table>
<thead><tr><th>Time</th><th>Run</th><th>What was asked or told</th></tr></thead><tbody>${rows}</tbody></table></div></section>`;
}

/** How much room there was while relays were away. */
export function capacitySection(report: Report): Markup {
  const { capacity, calls } = report;
  const totals = totalCalls(report).flatMap((value) => value ?? []);
  const least = capacity.leastAdmitting;
  const items = [
    item('Away at once', `at most ${plural(capacity.maxUnavailable, 'relay')}`, 'by the policy'),
    ...(least === undefined
      ? []
      : [item('Took new calls', `at least ${plural(least, 'relay')}`, 'at every moment that was seen')]),
    ...(capacity.mostOnOneRelay === undefined
      ? []
      : [item('Most calls on one relay', plural(capacity.mostOnOneRelay, 'call'), 'at one moment')]),
    ...(totals.length === 0
      ? []
      : [
          item(
            'Calls at once',
            `${count(calls?.leastAtOnce ?? Math.min(...totals))} to ${count(calls?.mostAtOnce ?? Math.max(...totals))}`,
            calls?.leastAtOnce === undefined ? undefined : 'after the ramp-up, until the caller stopped',
          ),
        ]),
    item(
      'Proof that a relay is empty',
      `${plural(capacity.goodAnswers, 'answer')} in a row`,
      'no call, no packet, no media',
    ),
    item('A drain is reported after', duration(capacity.drainSeconds), 'and never forced'),
  ];
  return html`<section><h2>Capacity</h2><dl>${items}</dl></section>`;
}
