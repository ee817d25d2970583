import { expect, test } from 'vitest';
import type { Fleet as FleetFile } from '../../configs/fleet.ts';
import { loadFleet } from '../../configs/load.ts';
import type { RedisUse } from '../../lib/relay/redis-use.ts';
import type { RelayPlace } from '../../rollout/ports.ts';
import { refuseSharing } from '../../rollout/sharing.ts';
import { fleetOf, stale } from './support/fleets.ts';

const LAB = loadFleet('configs/fleets/lab.yaml');
const ALONE: RedisUse = { databases: [], watched: [], at: undefined };
const uses = (...databases: number[]): RedisUse => ({ ...ALONE, databases });

function session(told: Readonly<Record<string, RedisUse>>, options: FleetFile['rtpengine']['options'] = {}) {
  const file = { ...LAB, rtpengine: { ...LAB.rtpengine, options } };
  const asked: string[] = [];
  const redisUse = async ({ name }: RelayPlace) => {
    asked.push(name);
    return told[name];
  };
  return { asked, session: { file, relays: { redisUse } } as unknown as Parameters<typeof refuseSharing>[0] };
}

/** Relays of one version, and groups that want another. */
function step(from: string, to: string) {
  const fleet = fleetOf(stale('a1', { version: from }), stale('b1', { version: from }));
  return { ...fleet, targets: fleet.targets.map((target) => ({ ...target, version: to })) };
}

test('relays that keep calls in one database are not rolled to a version that deletes them', async () => {
  const { session: one } = session({ a1: uses(5), b1: uses(5) });
  await expect(refuseSharing(one, step('mr10.5.3.5', 'mr12.5.1.31'))).rejects.toMatchObject({
    kind: 'usage',
    code: 'redis-shared',
    message:
      'RTPEngine mr10.5.3.5 and mr12.5.1.31 cannot share call state in Redis (mr12.5.1.31 deletes the calls that mr10.5.3.5 wrote), and relays of this fleet do: a1, b1 keep calls in the same database 5.',
  });
});

test('nor those that watch each other, nor where the fleet file says so', async () => {
  const watching = session({ a1: { ...uses(5), watched: [6] }, b1: uses(6) });
  await expect(refuseSharing(watching.session, step('mr12.5.1.31', 'mr13.4.1.10'))).rejects.toThrow(
    'a1 watches database 6',
  );
  const wanted = session({}, { 'subscribe-keyspace': '6' });
  await expect(refuseSharing(wanted.session, step('mr12.5.1.31', 'mr13.4.1.10'))).rejects.toThrow(
    'rtpengine.options sets subscribe-keyspace',
  );
});

test('a version that nobody knows is as bad as one that deletes', async () => {
  const { session: one } = session({ a1: uses(5), b1: uses(5) });
  await expect(refuseSharing(one, step('mr26.2.1.1', 'mr27.0.1.1'))).rejects.toThrow('nobody has seen');
  const fleet = step('mr26.2.1.1', 'mr26.2.1.1');
  const [target] = fleet.targets;
  if (target === undefined) throw new Error('no target');
  const silent = { ...fleet, targets: fleet.targets.map((one) => ({ ...one, version: undefined })) };
  await expect(refuseSharing(one, silent)).rejects.toThrow('one of them is not told');
});

test('each relay with a Redis of its own, or a database of its own, may go', async () => {
  const apart = session({ a1: uses(5), b1: uses(6) });
  await refuseSharing(apart.session, step('mr10.5.3.5', 'mr12.5.1.31'));
  const elsewhere = session({
    a1: { ...uses(5), at: '10.0.0.1:6379' },
    b1: { ...uses(5), at: '10.0.0.2:6379' },
  });
  await refuseSharing(elsewhere.session, step('mr13.4.1.10', 'mr12.5.1.31'));
});

test('versions that restore each other may share, and nobody is even asked', async () => {
  const { asked, session: one } = session({ a1: uses(5), b1: uses(5) });
  await refuseSharing(one, step('mr26.0.1.26', 'mr26.2.1.1'));
  expect(asked).toEqual([]);
});
