/** Random fleets, policies, wishes and faults: what must never happen, and that every rollout ends once calls end. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { play } from '../support/play.ts';
import { story } from '../support/story.ts';

test('no call is cut but by force, every rule holds in every round, and every rollout ends', () => {
  fc.assert(
    fc.property(story, (told) => {
      const { world, end, cutByForce } = play(told);
      expect(world.cut).toBe(cutByForce);
      expect(end).toBe('done');
      // Only a relay whose RTPEngine restarts takes a call at an address that is not its own.
      if (told.restarts === 0) expect(world.misplaced).toBe(0);
      expect(world.begun).toBeUndefined();
      for (const relay of world.relays) {
        expect(relay).toMatchObject({ template: world.target, cordon: undefined, awaitsController: false });
        expect(relay.at).toBe(told.floating ? relay.name : undefined);
        expect(relay.limit).not.toBe(0);
        expect(relay.timeouts.silent).toBe(3600);
      }
    }),
    { numRuns: 400 },
  );
}, 240_000);
