/** Alerts and dashboard: what they ask is what RTPEngine and Google really tell, and they say what to do. */
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseFleet } from '../../configs/load.ts';
import { alertsOf } from '../../infra/monitoring/alerts.ts';
import { dashboardOf } from '../../infra/monitoring/dashboard.ts';
import { scrapeConfig } from '../../infra/monitoring/scrape.ts';
import { type Evaluated, evaluate } from './program.ts';

const fleet = (parts: object = {}) =>
  parseFleet(
    JSON.stringify({
      name: 'demo',
      cloud: { project: 'my-project', region: 'us-central1', zones: ['us-central1-a', 'us-central1-b'] },
      image: { version: 'mr12.5.1.31' },
      ...parts,
    }),
    'f.yaml',
  );

/**
 * Names of `GET /metrics` that RTPEngine mr10.5.3.5, mr12.5.1.31, mr13.4.1.10 and mr26.0.1.26 all have, as far as they are used here;
 * `rtpengine_packets_lost` from mr12.5 on.
 */
const RTPENGINE = [
  'rtpengine_closed_sessions_total',
  'rtpengine_one_way_sessions_total',
  'rtpengine_packets_lost',
  'rtpengine_packets_total',
  'rtpengine_ports',
  'rtpengine_ports_used',
  'rtpengine_sessions',
];
const GOOGLE = [
  'compute_googleapis_com:instance_cpu_utilization',
  'compute_googleapis_com:instance_uptime_total',
];

const VM = { redis: { kind: 'vm', secret: 'projects/p/secrets/redis/versions/latest' } };

/** Metrics that a PromQL expression asks for. */
const metricsOf = (query: string): readonly string[] =>
  query.match(/\b(rtpengine_\w+|\w+_googleapis_com:\w+)/g) ?? [];

const queries = (): readonly string[] =>
  alertsOf(fleet(VM)).flatMap(({ condition }) => (condition.kind === 'promql' ? [condition.query] : []));

describe('what is asked', () => {
  const charts = (): readonly string[] =>
    JSON.parse(dashboardOf(fleet())).mosaicLayout.tiles.map(
      ({
        widget,
      }: {
        widget: { xyChart: { dataSets: { timeSeriesQuery: { prometheusQuery: string } }[] } };
      }) => widget.xyChart.dataSets[0]?.timeSeriesQuery.prometheusQuery,
    );

  test('are metrics that there are, of this fleet alone', () => {
    for (const query of [...queries(), ...charts()]) {
      const asked = metricsOf(query);
      expect(asked.length).toBeGreaterThan(0);
      expect(asked.filter((one) => ![...RTPENGINE, ...GOOGLE].includes(one))).toEqual([]);
      for (const selector of query.match(/\{[^}]*\}/g) ?? [])
        expect(selector).toMatch(/[{_,](fleet|rtpfleet)="demo"/);
      expect(query.match(/\{/g)).toHaveLength(asked.length);
      for (const pair of ['()', '{}', '[]'])
        expect(query.split(pair[0] ?? '').length).toBe(query.split(pair[1] ?? '').length);
    }
  });

  test('each tile of the dashboard has a place of its own within the grid', () => {
    const { columns, tiles } = JSON.parse(dashboardOf(fleet())).mosaicLayout;
    const places = tiles.map(({ xPos, yPos }: { xPos: number; yPos: number }) => `${xPos} ${yPos}`);
    expect(new Set(places).size).toBe(tiles.length);
    for (const { xPos, width } of tiles) expect(xPos + width).toBeLessThanOrEqual(columns);
  });
});

describe('alerts', () => {
  const named = (name: string, parts: object = {}) => alertsOf(fleet(parts)).find((one) => one.name === name);

  test('there is one for each thing that people must know', () => {
    expect(alertsOf(fleet()).map(({ name }) => name)).toEqual([
      'relay-down',
      'ports',
      'loss',
      'held',
      'image-age',
    ]);
    for (const { text, title } of alertsOf(fleet())) {
      expect(title).toMatch(/^demo: /);
      expect(text).toMatch(/\. .*(`|ook)/);
    }
  });

  test('a dead relay shows in the log of its own groups, without a collector', () => {
    const down = named('relay-down');
    expect(down?.needsCollector).toBe(false);
    expect(down?.condition).toMatchObject({
      kind: 'log',
      filter: expect.stringContaining('("demo-us-central1-a" OR "demo-us-central1-b")'),
    });
  });

  test('thresholds are those of the fleet file', () => {
    const monitoring = { portsPercent: 70, lossPercent: 0.5, imageDays: 30 };
    expect(named('ports', { monitoring })?.condition).toMatchObject({
      query: expect.stringMatching(/ > 70$/),
    });
    expect(named('loss', { monitoring })?.condition).toMatchObject({
      query: expect.stringMatching(/ > 0\.5$/),
    });
    expect(named('image-age', { monitoring })?.condition).toMatchObject({
      query: expect.stringMatching(/ > 30$/),
    });
  });

  test.each([
    [14400, 14400],
    [100, 120],
    [0, 84600],
    [200_000, 84600],
  ])('a drain that may take %s s is told after %s s of refused calls', (drainSeconds, forSeconds) => {
    expect(named('held', { rollout: { drainSeconds } })?.condition).toMatchObject({ forSeconds });
  });
});

test('the scrape configuration names every relay, at its HTTP port, with the labels that the alerts ask for', () => {
  const relays = [{ name: 'relay-1', zone: 'us-central1-a', address: '10.0.0.2' }];
  const { scrape_configs } = parse(scrapeConfig(fleet(), relays));
  expect(scrape_configs).toMatchObject([
    {
      job_name: 'rtpfleet-demo',
      metrics_path: '/metrics',
      static_configs: [
        { targets: ['10.0.0.2:9101'], labels: { fleet: 'demo', relay: 'relay-1', zone: 'us-central1-a' } },
      ],
    },
  ]);
});

describe('the program', () => {
  let told: Evaluated;
  beforeAll(async () => {
    told = await evaluate({ monitoring: { emails: ['a@example.com', 'b@example.com'] } });
  }, 60_000);

  test('tells everyone of every alert, and makes policies that Cloud Monitoring takes', () => {
    const policies = told.of('monitoring/alertPolicy:AlertPolicy').map(({ inputs }) => inputs);
    expect(
      told.of('monitoring/notificationChannel:NotificationChannel').map(({ inputs }) => inputs.labels),
    ).toEqual([{ email_address: 'a@example.com' }, { email_address: 'b@example.com' }]);
    expect(policies).toHaveLength(5);
    for (const { notificationChannels, userLabels, conditions, alertStrategy } of policies) {
      expect(notificationChannels).toHaveLength(2);
      expect(userLabels).toEqual({ rtpfleet: 'demo' });
      expect(conditions).toHaveLength(1);
      // Cloud Monitoring: a policy on the log must say how often it may tell, another one must not.
      expect(alertStrategy !== undefined).toBe('conditionMatchedLog' in conditions[0]);
    }
    expect(told.of('monitoring/dashboard:Dashboard')).toHaveLength(1);
  });

  test('makes nothing of it where the fleet file wants none', async () => {
    const silent = await evaluate({ monitoring: { enabled: false } });
    expect(silent.resources.filter(({ type }) => type.startsWith('gcp:monitoring'))).toEqual([]);
  });
});

test('a machine with Redis that does not run is told, by its labels; Memorystore is Google’s to watch', () => {
  const named = (parts: object) => alertsOf(fleet(parts)).find(({ name }) => name === 'redis-down');
  expect(named({})).toBeUndefined();
  expect(named(VM)?.condition).toEqual({
    kind: 'promql',
    query:
      'absent(compute_googleapis_com:instance_uptime_total{monitored_resource="gce_instance",metadata_user_rtpfleet="demo",metadata_user_rtpfleet_role="redis"})',
    forSeconds: 300,
  });
});
