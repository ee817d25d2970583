/** Policies of where calls are: in whose database, at which address. Pure. */
import { copiesDatabase, watchedDatabase } from '../../configs/floating.ts';
import { LABEL, METADATA } from '../../configs/naming.ts';
import { type Declared, UNKNOWN } from '../evaluate/protocol.ts';
import { preservedMetadata } from '../seat-guard.ts';
import { type Finding, findings, ofKind, type Policy, record, type Subject } from './subject.ts';

const callStateIsNotShared: Policy = {
  name: 'call-state-is-not-shared',
  rule: 'No two relays keep calls in one database of Redis, nor where the lock or copies are: each would restore and delete the others’.',
  broken: (subject) => [...sharedByTemplate(subject), ...sharedDatabases(subject)],
};

/** What a template says, every relay that is made from it does. */
function sharedByTemplate(subject: Subject): readonly Finding[] {
  const sizes = ofKind(subject, 'compute/instanceGroupManager').map(({ inputs }) =>
    Number(inputs.targetSize ?? 0),
  );
  const count =
    ofKind(subject, 'compute/perInstanceConfig').length + sizes.reduce((sum, size) => sum + size, 0);
  const keepers = ofKind(subject, 'compute/instanceTemplate').filter(
    ({ inputs }) => METADATA.redis in record(inputs.metadata),
  );
  if (count === 1) return [];
  return keepers.map((resource) => ({ resource, message: `${count} relays would share one database` }));
}

function sharedDatabases(subject: Subject): readonly Finding[] {
  const { controlDatabase } = subject.fleet.redis;
  const taken = new Map([
    [String(controlDatabase), 'the rollout’s lock'],
    [String(copiesDatabase(subject.fleet)), 'copies of calls that move'],
    [String(watchedDatabase(subject.fleet)), 'what all relays watch'],
  ]);
  return ofKind(subject, 'compute/perInstanceConfig').flatMap((resource) => {
    const { [METADATA.database]: database, [METADATA.redis]: place } = preservedMetadata(
      resource.inputs.preservedState,
    );
    if (typeof database !== 'string' || place === undefined)
      return findings(resource, ['it does not say where it keeps its calls']);
    if (place !== UNKNOWN && !String(place).endsWith(`/${database}`))
      return findings(resource, [`it keeps its calls in ${place}, and not in database ${database}`]);
    const other = taken.get(database);
    taken.set(database, String(resource.inputs.name));
    return findings(resource, other === undefined ? [] : [`database ${database} is that of ${other}`]);
  });
}

const floatingIsInside: Policy = {
  name: 'floating-addresses',
  rule: 'A floating address is inside the fleet’s network, brings UDP alone, belongs to one relay, and stays where a rollout has put it.',
  broken: (subject) =>
    ofKind(subject, 'compute/forwardingRule', 'compute/globalForwardingRule').flatMap((resource) => {
      const { inputs } = resource;
      return findings(resource, [
        ...(inputs.loadBalancingScheme === 'INTERNAL'
          ? []
          : ['it is open to the world (loadBalancingScheme)']),
        ...(inputs.ipProtocol === 'UDP' ? [] : ['it brings more than UDP (ipProtocol)']),
        ...(inputs.allPorts === true ? [] : ['fragments of a packet would not come through (allPorts)']),
        ...(inputs.subnetwork === undefined ? ['it stands in the default network (subnetwork)'] : []),
        ...(isOfRelay(subject, resource) ? [] : [`it is none of a relay’s (labels.${LABEL.home})`]),
        ...(resource.ignoreChanges.includes('target')
          ? []
          : ['an update would take the address from where calls are (ignoreChanges)']),
      ]);
    }),
};

function isOfRelay(subject: Subject, { inputs }: Declared): boolean {
  const home = record(inputs.labels)[LABEL.home];
  return ofKind(subject, 'compute/perInstanceConfig').some(({ inputs: { name } }) => name === home);
}

export const CALL_POLICIES: readonly Policy[] = [callStateIsNotShared, floatingIsInside];
