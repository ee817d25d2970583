/** What an operation does: one executor per kind of work, each safe to run twice. */
import type { Lab } from './context.ts';
import { deliver } from './forwarding.ts';
import { importImage, removeImage } from './resources/image-disks.ts';
import { deleteInstance, resetInstance, startInstance, stopInstance } from './resources/instance-life.ts';
import type { Work } from './state.ts';

type Executors = {
  readonly [K in Work['kind']]: (lab: Lab, work: Extract<Work, { kind: K }>) => Promise<void>;
};

const EXECUTORS: Executors = {
  nothing: async () => undefined,
  remove: async (lab, { table, link }) => {
    delete lab.state.tables[table][link];
    forgetSubnetwork(lab, link);
    if (table === 'forwardingRules') await deliver(lab);
  },
  deliver,
  'set-target': async (lab, { link, target }) => {
    const rule = lab.state.tables.forwardingRules[link];
    if (rule !== undefined) rule.resource.target = target;
    await deliver(lab);
  },
  'import-image': (lab, { link }) => importImage(lab, link),
  'remove-image': (lab, { link }) => removeImage(lab, link),
  'start-instance': (lab, { link, id }) => startInstance(lab, link, id),
  'stop-instance': (lab, { link, id }) => stopInstance(lab, link, id),
  'reset-instance': (lab, { link, id }) => resetInstance(lab, link, id),
  'delete-instance': (lab, { link, id }) => deleteInstance(lab, link, id),
  'delete-group': deleteGroup,
};

export function perform(lab: Lab, work: Work): Promise<void> {
  return (EXECUTORS[work.kind] as (lab: Lab, work: Work) => Promise<void>)(lab, work);
}

/** A network lists its subnetworks. */
function forgetSubnetwork(lab: Lab, link: string): void {
  for (const { resource } of Object.values(lab.state.tables.networks))
    if (resource.subnetworks?.includes(link))
      resource.subnetworks = resource.subnetworks.filter((each) => each !== link);
}

/** The controller removes the members; the group goes with the last of them. */
async function deleteGroup(lab: Lab, { link }: Extract<Work, { kind: 'delete-group' }>): Promise<void> {
  const { instanceGroupManagers } = lab.state.tables;
  for (;;) {
    const group = instanceGroupManagers[link];
    if (group === undefined || Object.keys(group.members).length === 0) break;
    lab.controller.kick();
    await lab.clock.sleep(lab.timing.tickMs, lab.closing);
  }
  delete instanceGroupManagers[link];
}
