/** What a rollout can know of the cloud before it touches a relay: can every VM that it will order be made again? */
import type { Gce } from '../../lib/gce.ts';
import type { GroupRef } from './gce-vm.ts';
import { addressTroubles } from './preflight/addresses.ts';
import { quotaTroubles } from './preflight/quota.ts';
import { readFacts } from './preflight/read-facts.ts';
import { templateTroubles } from './preflight/template.ts';
import { distinct, type Trouble } from './preflight/trouble.ts';
import { zoneTroubles } from './preflight/zone.ts';

/** All troubles at once; none when no relay is to be re-created. Rejects with a FleetError when the cloud cannot be read. */
export async function troublesOf(
  gce: Gce,
  endpoint: string | undefined,
  groups: readonly GroupRef[],
): Promise<readonly Trouble[]> {
  const facts = await readFacts(gce, endpoint, groups);
  const found = [templateTroubles, zoneTroubles, addressTroubles, quotaTroubles].flatMap((check) =>
    check(facts),
  );
  return distinct(found);
}
