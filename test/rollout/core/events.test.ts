import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import {
  EVENT_VERSION,
  type EventBody,
  type EventKind,
  type RelayState,
} from '../../../rollout/core/events.ts';
import { sampleJournal } from '../../report/support/sample.ts';
import { POLICY } from '../support/fleets.ts';

const schema = JSON.parse(
  readFileSync(new URL('../../../rollout/core/events.schema.json', import.meta.url), 'utf8'),
) as { readonly oneOf: readonly { readonly properties: { readonly kind: { readonly const: string } } }[] };
const validate = new Ajv({ allErrors: true, allowUnionTypes: true, discriminator: true }).compile(schema);

const AT = '2026-01-01T00:00:00.000Z';
const relay = { zone: 'z', name: 'r', id: '1' };
const state: RelayState = {
  ...{ relay, phase: 'draining', address: '10.0.0.2', version: 'mr12.5.1.31', admitting: false },
  ...{ own: 1, foreign: 0, packetRate: 50, cordonedAt: AT, cordonedBy: 'r1', leftAlone: 'hold by ann: x' },
};
const target = { zone: 'z', template: 't', image: 'i', version: 'mr12.5.1.31' };
const ended = { result: 'done', because: 'b', seconds: 1.5, relays: [state] } as const;
const failed = {
  action: 'admit',
  relay,
  seconds: 1,
  code: 'probe-failed',
  message: 'm',
  next: 'retry',
} as const;

/** Every kind with all that it may say, and with as little as it may: a kind that is missing does not compile. */
const SAMPLES: { readonly [K in EventKind]: readonly Extract<EventBody, { readonly kind: K }>[] } = {
  'run-started': [
    { kind: 'run-started', fleet: 'f', by: 'me', pid: 1, policy: POLICY, targets: [target], relays: [state] },
    {
      ...{ kind: 'run-started', fleet: 'f', by: 'me', pid: 1, targets: [], relays: [] },
      policy: { ...POLICY, maxUnavailable: '10%', until: 1, share: '25%' },
    },
  ],
  locked: [
    { kind: 'locked', fleet: 'f', by: 'me', lock: 'redis', token: 2, detail: 'd', tookOver: 'r0' },
    { kind: 'locked', lock: 'local', token: 1, detail: 'd' },
  ],
  'target-set': [{ kind: 'target-set', zone: 'z', from: 'a', to: 'b' }],
  'relay-observed': [
    { kind: 'relay-observed', ...state },
    { kind: 'relay-observed', relay: { zone: 'z', name: 'r' }, phase: 'replacing' },
  ],
  'action-decided': [{ kind: 'action-decided', action: 'cordon', relay, because: 'b' }],
  'action-done': [
    { kind: 'action-done', action: 'force', relay, seconds: 0, detail: 'd', cut: 3 },
    {
      ...{ kind: 'action-done', action: 'hand-over', relay, seconds: 3 },
      moved: { calls: 2, mostPackets: 1, gaps: [{ callId: 'c', packets: 'unknown' }] },
    },
    { kind: 'action-done', action: 'replace', relay, seconds: 0.2 },
  ],
  'action-failed': [
    { kind: 'action-failed', ...failed },
    { kind: 'action-failed', ...failed, hint: 'h' },
  ],
  hold: [
    { kind: 'hold', relay, because: 'b', overdue: true },
    { kind: 'hold', because: 'b', overdue: false },
  ],
  'hold-ended': [{ kind: 'hold-ended', relay }, { kind: 'hold-ended' }],
  'relay-admitted': [
    { kind: 'relay-admitted', relay, version: 'mr12.5.1.31', detail: 'd' },
    { kind: 'relay-admitted', relay },
  ],
  wish: [{ kind: 'wish', wish: 'abort', uncordon: true, by: 'me', askedAt: AT }],
  foreseen: [{ kind: 'foreseen', lines: ['l'] }],
  eta: [
    { kind: 'eta', relay, p50: 1, p90: 'unknown', oldestSeconds: 9 },
    { kind: 'eta', relay, p50: 'unknown', p90: 'unknown' },
  ],
  'notify-failed': [{ kind: 'notify-failed', to: 'h', message: 'm' }],
  'observe-failed': [{ kind: 'observe-failed', code: 'gce-unavailable', message: 'm' }],
  'run-ended': [
    { kind: 'run-ended', ...ended },
    {
      ...{ kind: 'run-ended', ...ended, result: 'refused', hint: 'h', code: 'preflight' },
      reasons: [{ message: 'm', next: 'n' }],
    },
  ],
};

const line = (body: object) => ({ v: EVENT_VERSION, at: AT, run: 'r1', ...body });

function errorsOf(event: object): unknown {
  validate(event);
  return validate.errors ?? [];
}

test('the schema knows every kind of event and no other', () => {
  const kinds = schema.oneOf.map(({ properties }) => properties.kind.const);
  expect(kinds.toSorted()).toEqual(Object.keys(SAMPLES).toSorted());
});

test.each(Object.entries(SAMPLES))('%s is as the schema says, and nothing else is', (_, samples) => {
  for (const sample of samples) {
    expect(errorsOf(line(sample))).toEqual([]);
    expect(errorsOf({ ...line(sample), surprise: 1 })).not.toEqual([]);
    expect(errorsOf(sample)).not.toEqual([]);
    expect(errorsOf({ ...line(sample), kind: 'unheard-of' })).not.toEqual([]);
  }
  // What all of them say has to be said, but for the relay of a wait: a whole run waits too.
  const [first = {}, ...others] = samples;
  for (const key of Object.keys(first).filter((name) => others.every((sample) => name in sample))) {
    const { [key as never]: _said, ...rest } = others.at(-1) ?? first;
    expect(errorsOf(line(rest)), key).not.toEqual([]);
  }
});

test('every line of the journal of a rollout is as the schema says', async () => {
  const faults = { silence: 0.1, effect: 0.2, read: 0.1 };
  for (const event of await sampleJournal({ zones: 2, perZone: 2, faults }))
    expect(errorsOf(event)).toEqual([]);
});
