/** What Pulumi's engine would ask the program's hooks: whether a change may be made at all. Asked before anything is begun. */

import type { Declared } from '../../infra/evaluate/protocol.ts';
import { fewerRelays, isGuarded, refuseFewer, refuseRenaming } from '../../infra/fewer.ts';
import { keepsCalls, lostToChange, refuseLoss } from '../../infra/seat-guard.ts';
import { computePath, type Rest } from './rest.ts';
import { seatOf, unnamedRelays } from './seat.ts';

/**
 * @throws FleetError `hold`: a guarded group would have to delete relays (code `fewer-relays`) or have relays with names of two kinds
 * (`other-names`); a relay would give up the database or the address with its calls (`relay-database`).
 */
export async function checkKept(rest: Rest, declared: Declared): Promise<void> {
  const { type, beforeUpdate } = declared;
  if (type === 'gcp:compute/instanceGroupManager:InstanceGroupManager' && isGuarded(beforeUpdate))
    await checkSize(rest, declared);
  if (type === 'gcp:compute/perInstanceConfig:PerInstanceConfig' && keepsCalls(beforeUpdate))
    await checkCalls(rest, declared);
}

async function checkSize(rest: Rest, { inputs }: Declared): Promise<void> {
  const name = String(inputs.name);
  const path = `zones/${inputs.zone}/instanceGroupManagers/${name}`;
  const present = await rest.get(computePath(rest.project, path));
  const fewer = fewerRelays(present?.targetSize, inputs.targetSize);
  if (fewer > 0) throw refuseFewer(name, fewer);
  const unnamed = await unnamedRelays(rest, inputs);
  const named = Number(present?.targetSize ?? 0) - (unnamed ?? 0);
  if (inputs.targetSize === undefined ? (unnamed ?? 0) > 0 : named > 0) throw refuseRenaming(name);
}

async function checkCalls(rest: Rest, { inputs }: Declared): Promise<void> {
  const present = await seatOf(rest, inputs);
  const lost = lostToChange(present?.preservedState, inputs.preservedState);
  if (lost !== undefined) throw refuseLoss(String(inputs.name), lost);
}
