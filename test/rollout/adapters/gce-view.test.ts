import { expect, test } from 'vitest';
import {
  imageOf,
  isHeld,
  keepsMore,
  leftoversOf,
  relayOf,
  targetTemplate,
  templateMetadata,
} from '../../../rollout/adapters/gce-view.ts';

const url = (kind: string, name: string) =>
  `https://www.googleapis.com/compute/v1/projects/p/global/${kind}/${name}`;
const target = { zone: 'z', template: 'new', image: 'i', version: 'mr12.5.1.31' };

const managed = (over: object = {}) => ({
  instance: 'https://x/zones/z/instances/relay-1',
  id: '7',
  currentAction: 'NONE',
  instanceStatus: 'RUNNING',
  version: { instanceTemplate: url('instanceTemplates', 'old') },
  ...over,
});
const instance = (over: object = {}) => ({
  name: 'relay-1',
  id: '7',
  status: 'RUNNING',
  creationTimestamp: '2026-08-11T10:00:00.000-07:00',
  labels: {},
  networkInterfaces: [{ networkIP: '10.0.0.9' }],
  ...over,
});
const seen = (one: object, other: object | undefined, configs: object[] = []) =>
  relayOf(
    'z',
    managed(one),
    other === undefined ? undefined : instance(other),
    configs,
    target,
    'mr10.5.3.5',
  );

test('a running relay on another template is stale and ready', () => {
  expect(seen({}, {})).toEqual({
    zone: 'z',
    name: 'relay-1',
    id: '7',
    address: '10.0.0.9',
    vm: { state: 'ready', detail: 'NONE RUNNING', createdAt: Date.parse('2026-08-11T17:00:00Z') },
    template: 'old',
    onTarget: false,
    version: 'mr10.5.3.5',
    cordon: undefined,
    awaitsController: false,
  });
  expect(seen({ version: { instanceTemplate: url('instanceTemplates', 'new') } }, {}).onTarget).toBe(true);
});

test.each([
  ['it is being re-created', { currentAction: 'RECREATING' }, {}],
  ['it has no VM yet', { currentAction: 'CREATING', id: '', instanceStatus: '' }, undefined],
  ['it is stopping', {}, { status: 'STOPPING' }],
  ['the group speaks of another VM than the instance list', { id: '8' }, {}],
])('a relay is changing when %s', (_, one, other) => {
  expect(seen(one, other).vm.state).toBe('changing');
});

test('a VM that waits for its first health check, or gets new metadata, is ready', () => {
  expect(seen({ currentAction: 'VERIFYING' }, {}).vm.state).toBe('ready');
  expect(seen({ currentAction: 'REFRESHING' }, {}).vm.state).toBe('ready');
});

test('labels on the VM are the intent of a rollout', () => {
  const labels = {
    'rtpfleet-cordoned-at': '1800000000',
    'rtpfleet-cordoned-by': 'r1',
    'rtpfleet-before': '500_30',
  };
  const cordon = { at: 1_800_000_000_000, by: 'r1', before: { limit: 500, deleteDelay: 30 } };
  expect(seen({}, { labels }).cordon).toEqual(cordon);
  expect(seen({}, { labels: { 'rtpfleet-cordoned-at': 'soon' } }).cordon).toMatchObject({
    at: 0,
    by: 'unknown',
  });
});

test('a per-instance configuration counts until its deletion is applied', () => {
  const config = { name: 'relay-1', preservedState: { metadata: { 'rtpfleet-admission': 'controller' } } };
  expect(seen({}, {}, [config]).awaitsController).toBe(true);
  expect(seen({}, {}, [{ ...config, name: 'relay-2' }]).awaitsController).toBe(false);
  expect(isHeld({ ...config, status: 'UNAPPLIED_DELETION' })).toBe(true);
  expect(isHeld({ ...config, status: 'DELETING' })).toBe(false);
  expect(isHeld({ ...config, preservedState: { metadata: { 'rtpfleet-admission': 'self' } } })).toBe(false);
  expect(keepsMore(config)).toBe(false);
  expect(
    keepsMore({ ...config, preservedState: { ...config.preservedState, internalIPs: { nic0: {} } } }),
  ).toBe(true);
});

test('the wanted template is the version that leaves the size open', () => {
  const old = { instanceTemplate: url('instanceTemplates', 'old'), targetSize: { fixed: 1 } };
  const open = { instanceTemplate: url('instanceTemplates', 'new'), targetSize: { calculated: 2 } };
  expect(targetTemplate({ versions: [old, open] })).toBe('new');
  expect(targetTemplate({ instanceTemplate: url('instanceTemplates', 'top'), versions: [] })).toBe('top');
});

test('the expected version is in the name of the template’s image', () => {
  const template = (sourceImage: string) => ({
    properties: { disks: [{ boot: true, initializeParams: { sourceImage } }] },
  });
  expect(imageOf(template(url('images', 'rtpengine-mr12-5-1-31-debian-13-3fa9c1d2')))).toEqual({
    image: 'rtpengine-mr12-5-1-31-debian-13-3fa9c1d2',
    version: 'mr12.5.1.31',
  });
  expect(imageOf(template(url('images', 'debian-13')))).toEqual({ image: 'debian-13', version: undefined });
});

test('metadata of a template', () => {
  const template = {
    properties: { metadata: { items: [{ key: 'rtpfleet-redis', value: '10.0.0.3:6379/5' }] } },
  };
  expect(templateMetadata(template, 'rtpfleet-redis')).toBe('10.0.0.3:6379/5');
  expect(templateMetadata(template, 'other')).toBeUndefined();
});

test('what an earlier rollout left behind: metadata that no configuration holds, and a configuration of nobody', () => {
  const controller = { 'rtpfleet-admission': 'controller' };
  const managed = ['r1', 'r2', 'r3'].map((name) => ({ instance: url('instances', name) }));
  const configs = [
    { name: 'r1', preservedState: { metadata: controller } },
    { name: 'r9', preservedState: { metadata: controller } },
    { name: 'r8', status: 'DELETING' as const },
  ];
  const items = [{ key: 'rtpfleet-admission', value: 'controller' }];
  const instances = ['r1', 'r2', 'other'].map((name) => ({ name, metadata: { items } }));
  const self = { name: 'r3', metadata: { items: [{ key: 'rtpfleet-admission', value: 'self' }] } };
  expect(leftoversOf('z', managed, configs, [...instances, self])).toEqual([
    { zone: 'z', name: 'r2', kind: 'metadata' },
    { zone: 'z', name: 'r9', kind: 'configuration' },
  ]);
});
