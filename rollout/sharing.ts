/** Refuses a rollout in which one relay would delete the calls of others in Redis. */
import type { Fleet as FleetFile } from '../configs/fleet.ts';
import { hasFloatingAddresses, watchedDatabase } from '../configs/floating.ts';
import { relayCount } from '../configs/places.ts';
import type { RedisUse } from '../lib/relay/redis-use.ts';
import type { Fleet } from './core/fleet.ts';
import { sharingOf, sharingRefusal, type Told, unsafeSteps } from './core/sharing.ts';
import { placeOf } from './ports.ts';
import type { Session } from './session.ts';
import { settledLimited } from './settled.ts';

const ASKED_AT_ONCE = 64;

/**
 * Rejects with `redis-shared` (usage) where versions would run side by side that cannot read each other's calls, while
 * relays share them: by the fleet file, or by what each relay itself says of its Redis. Relays are only asked where the
 * versions are such. A relay that does not tell is not taken to share: then nobody is refused for one that is down.
 */
export async function refuseSharing(
  { file, relays: door }: Pick<Session, 'file' | 'relays'>,
  fleet: Fleet,
): Promise<void> {
  const { options } = file.rtpengine;
  const steps = unsafeSteps(fleet);
  if (steps.length === 0 || (fleet.relays.length < 2 && relayCount(file) < 2)) return;
  const asked = fleet.relays.filter((relay) => relay.address !== undefined && relay.vm.state === 'ready');
  const told = await settledLimited(
    asked,
    ASKED_AT_ONCE,
    async (relay): Promise<Told> => ({
      relay: relay.name,
      use: withoutIdle(await door.redisUse(placeOf(relay)), file),
    }),
  );
  const refusal = sharingRefusal(steps, sharingOf(options, told));
  if (refusal !== undefined) throw refusal;
}

/** Relays with floating addresses watch a database that stays empty: they read nobody's calls by that. */
function withoutIdle(use: RedisUse | undefined, file: FleetFile): RedisUse | undefined {
  if (use === undefined || !hasFloatingAddresses(file)) return use;
  return { ...use, watched: use.watched.filter((database) => database !== watchedDatabase(file)) };
}
