/** Policies of what is kept: calls, state, and who it belongs to. Pure. */
import { LABEL } from '../../configs/naming.ts';
import { isGuarded } from '../fewer.ts';
import { keepsCalls } from '../seat-guard.ts';
import { findings, ofKind, type Policy, record, records } from './subject.ts';

/** Kinds whose provider takes labels, and under which name (@pulumi/gcp). */
export const LABELS_OF: Readonly<Record<string, 'labels' | 'userLabels'>> = {
  'compute/address': 'labels',
  'compute/disk': 'labels',
  'compute/forwardingRule': 'labels',
  'compute/globalAddress': 'labels',
  'compute/globalForwardingRule': 'labels',
  'compute/image': 'labels',
  'compute/instance': 'labels',
  'compute/instanceTemplate': 'labels',
  'compute/regionInstanceTemplate': 'labels',
  'compute/snapshot': 'labels',
  'monitoring/alertPolicy': 'userLabels',
  'monitoring/notificationChannel': 'userLabels',
  'monitoring/uptimeCheckConfig': 'userLabels',
  'redis/cluster': 'labels',
  'redis/instance': 'labels',
  'secretmanager/secret': 'labels',
  'storage/bucket': 'labels',
};

const labelled: Policy = {
  name: 'labelled',
  rule: 'Whatever takes labels carries the name of its fleet, disks of machines too.',
  broken: (subject) =>
    subject.resources.flatMap((resource) => {
      const key = LABELS_OF[resource.type.replace(/^gcp:/, '').replace(/:.*$/, '')];
      if (key === undefined) return [];
      const isOurs = (labels: unknown) => record(labels)[LABEL.fleet] === subject.fleet.name;
      const boot = records(record(resource.inputs.bootDisk).initializeParams);
      const disks = [...records(resource.inputs.disks), ...boot].filter(({ labels }) => !isOurs(labels));
      return findings(resource, [
        ...(isOurs(resource.inputs[key]) ? [] : [`its ${key} have no ${LABEL.fleet}: ${subject.fleet.name}`]),
        ...disks.map(() => `a disk of it has no label ${LABEL.fleet}: ${subject.fleet.name}`),
      ]);
    }),
};

/** Kinds that hold calls or state: losing one ends calls. */
const HOLDING = [
  'compute/disk',
  'compute/instance',
  'compute/forwardingRule',
  'compute/instanceGroupManager',
  'compute/perInstanceConfig',
  'compute/regionInstanceGroupManager',
  'redis/instance',
  'redis/cluster',
];
/** Of these, the kinds on which the cloud itself refuses a deletion when told so. */
const REFUSING = ['compute/instance', 'redis/instance'];

const GROUPS = ['compute/instanceGroupManager', 'compute/regionInstanceGroupManager'];

/** A stack of this name has users. */
const PRODUCTION = /^prod(uction)?(-|$)/;

const keptFromDeletion: Policy = {
  name: 'protected',
  rule: 'What holds calls is protected from deletion, and no group picks relays to delete; production cannot switch that off.',
  broken: (subject) => {
    const isProduction = PRODUCTION.test(subject.stack);
    if (!subject.protect && !isProduction) return [];
    return ofKind(subject, ...HOLDING).flatMap((resource) => {
      const refuses = REFUSING.some((kind) => resource.type.startsWith(`gcp:${kind}:`));
      return findings(resource, [
        ...(resource.protect ? [] : ['Pulumi would delete it without asking (protect)']),
        ...(refuses && resource.inputs.deletionProtection !== true
          ? ['Google would delete it without asking (deletionProtection)']
          : []),
        ...(GROUPS.some((kind) => resource.type.startsWith(`gcp:${kind}:`)) &&
        !isGuarded(resource.beforeUpdate)
          ? ['told to be smaller, it would delete relays with their calls (hooks.beforeUpdate)']
          : []),
        ...(resource.type.startsWith('gcp:compute/perInstanceConfig:') && !keepsCalls(resource.beforeUpdate)
          ? ['told so, it would keep its calls where another relay has its own (hooks.beforeUpdate)']
          : []),
      ]);
    });
  },
};

const encrypted: Policy = {
  name: 'encrypted',
  rule: 'Machines are shielded, and no key of a disk or bucket lies in the program.',
  broken: (subject) => [
    ...ofKind(subject, 'compute/instance', 'compute/instanceTemplate').flatMap((resource) => {
      const { enableVtpm, enableIntegrityMonitoring } = record(resource.inputs.shieldedInstanceConfig);
      return findings(resource, [
        ...(enableVtpm === true ? [] : ['it has no virtual TPM (shieldedInstanceConfig.enableVtpm)']),
        ...(enableIntegrityMonitoring === true
          ? []
          : ['nobody watches what it boots (enableIntegrityMonitoring)']),
      ]);
    }),
    ...subject.resources
      .filter(({ inputs }) => /"(rawKey|rsaEncryptedKey|diskEncryptionKeyRaw)":/.test(JSON.stringify(inputs)))
      .map((resource) => ({ resource, message: 'the key of a disk lies in the program' })),
    ...ofKind(subject, 'storage/bucket')
      .filter(({ inputs }) => inputs.publicAccessPrevention !== 'enforced')
      .map((resource) => ({ resource, message: 'it can be opened to everyone (publicAccessPrevention)' })),
  ],
};

const rolloutReplaces: Policy = {
  name: 'only-rollout-replaces',
  rule: 'No group replaces a relay by itself, and a relay keeps name and address when a rollout does.',
  broken: (subject) => [
    ...ofKind(subject, 'compute/perInstanceConfig')
      .filter(({ inputs }) => !['NONE', 'REFRESH'].includes(String(inputs.mostDisruptiveAllowedAction)))
      .map((resource) => ({
        resource,
        message: 'a changed key would let its group re-create it (mostDisruptiveAllowedAction)',
      })),
    ...ofKind(subject, ...GROUPS).flatMap((resource) => {
      const { inputs } = resource;
      const policy = record(inputs.updatePolicy);
      const lifecycle = record(inputs.instanceLifecyclePolicy);
      return findings(resource, [
        ...(policy.type === 'OPPORTUNISTIC' ? [] : ['it updates its relays by itself (updatePolicy.type)']),
        ...(policy.replacementMethod === 'RECREATE' ? [] : ['a replaced relay gets another name']),
        ...(policy.maxSurgeFixed === 0 ? [] : ['it may make a second relay beside the old one']),
        ...(records(inputs.statefulInternalIps).length > 0 ? [] : ['a replaced relay gets another address']),
        ...(lifecycle.forceUpdateOnRepair === 'YES' ? ['a healed relay gets another image'] : []),
      ]);
    }),
  ],
};

export const KEEPING_POLICIES: readonly Policy[] = [labelled, keptFromDeletion, encrypted, rolloutReplaces];
