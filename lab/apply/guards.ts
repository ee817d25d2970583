/** What Pulumi's engine would ask the program's hooks: whether a change may be made at all. Asked before anything is begun. */

import type { Declared } from '../../infra/evaluate/protocol.ts';
import { fewerRelays, isGuarded, refuseFewer } from '../../infra/fewer.ts';
import { computePath, type Rest } from './rest.ts';

/** @throws FleetError `hold`, code `fewer-relays`: a guarded group would have to delete relays. */
export async function checkSize(rest: Rest, { type, inputs, beforeUpdate }: Declared): Promise<void> {
  if (type !== 'gcp:compute/instanceGroupManager:InstanceGroupManager' || !isGuarded(beforeUpdate)) return;
  const path = `zones/${inputs.zone}/instanceGroupManagers/${inputs.name}`;
  const present = await rest.get(computePath(rest.project, path));
  const fewer = fewerRelays(present?.targetSize, inputs.targetSize);
  if (fewer > 0) throw refuseFewer(String(inputs.name), fewer);
}
