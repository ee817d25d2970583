import { expect, test } from 'vitest';
import { renderReport } from '../../rollout/report/html.ts';
import { endedCall, reportOf, SUMMARY, sampleCalls, sampleJournal } from './support/sample.ts';

test('the page says what happened: calls, losses, versions, each relay and each decision', async () => {
  const events = await sampleJournal();
  const report = reportOf({ events, calls: sampleCalls(events) });
  const page = renderReport(report);
  expect(page).toContain('No call was cut and no packet was lost');
  expect(page).toContain('of 512,345 RTP packets lost');
  for (const { name } of report.relays) expect(page).toContain(name);
  for (const { because } of report.decisions) expect(page).toContain(because);
});

test('the page stands alone: no script, no address to load anything from', async () => {
  const events = await sampleJournal();
  const page = renderReport(reportOf({ events, calls: sampleCalls(events) }));
  expect(page).not.toMatch(/<script|<link|<img|url\(|https?:\/\//);
  expect(page).toContain("default-src 'none'");
  expect(page).toContain('prefers-color-scheme:dark');
});

test('whatever comes from a journal or a caller is text, never markup', async () => {
  const events = await sampleJournal();
  const evil = '<script>alert(1)</script>"\'&';
  const bad = endedCall({ id: evil, relay: evil, reason: evil, outcome: 'cut' });
  const named = events.map((event) =>
    'relay' in event && event.relay !== undefined
      ? { ...event, relay: { ...event.relay, name: evil } }
      : event,
  );
  const page = renderReport(reportOf({ events: named, calls: [...sampleCalls(events), bad, SUMMARY] }));
  expect(page).not.toContain('<script>');
  expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;');
});

test('a bad end is the first thing on the page, with every problem', async () => {
  const events = await sampleJournal();
  const summary = { ...SUMMARY, cut: 2, packetsLost: 31 };
  const report = reportOf({ events, calls: [...sampleCalls(events), summary] });
  const page = renderReport(report);
  expect(page).toContain('Not as it should be');
  expect(page).not.toContain('No call was cut');
  for (const problem of report.verdict.problems) expect(page).toContain(problem);
});

test('every shape in the chart has finite numbers', async () => {
  const events = await sampleJournal({ zones: 2, perZone: 3 });
  for (const calls of [sampleCalls(events), []]) {
    const page = renderReport(reportOf({ events, calls }));
    expect(page).not.toMatch(/NaN|Infinity|undefined/);
  }
  const [start] = events;
  if (start === undefined) throw new Error('empty journal');
  expect(renderReport(reportOf({ events: [start], calls: [] }))).not.toMatch(/NaN|Infinity|undefined/);
});

test('a fleet of hundreds: the chart shows the first relays and says how many more there are', async () => {
  const events = await sampleJournal({ zones: 3, perZone: 40, callsForMs: 1_000 });
  const report = reportOf({ events, calls: [] });
  const page = renderReport(report);
  expect(page).toContain('60 more relays are in the table below');
  expect(page).toContain(report.relays.at(-1)?.name ?? 'no relay');
});
