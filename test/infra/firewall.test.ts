/** What Compute Engine is told of who may reach what, beside the port table (ports.test.ts). */
import { describe, expect, test } from 'vitest';
import { type Evaluated, evaluate } from './program.ts';

const ACCOUNT = 'demo-relay@my-project.iam.gserviceaccount.com';

describe('the way to Redis', () => {
  const redis = (fleet: Evaluated, name: string) =>
    fleet.of('compute/firewall:Firewall').find(({ inputs }) => inputs.name === `demo-redis-${name}`)?.inputs;

  test('is closed but for relays and the controller, who come first', async () => {
    const fleet = await evaluate();
    const deny = redis(fleet, 'deny');
    expect(deny).toMatchObject({
      direction: 'EGRESS',
      destinationRanges: ['10.9.8.7/32'],
      denies: [{ protocol: 'tcp' }],
    });
    expect(deny).not.toHaveProperty('targetTags');
    expect(deny).not.toHaveProperty('targetServiceAccounts');
    const allowed = [redis(fleet, 'relays'), redis(fleet, 'controller')];
    for (const rule of allowed) {
      expect(rule).toMatchObject({
        direction: 'EGRESS',
        destinationRanges: ['10.9.8.7/32'],
        allows: [{ protocol: 'tcp', ports: ['6379'] }],
      });
      expect(rule.priority).toBeLessThan(deny.priority);
    }
    expect(allowed[0].targetServiceAccounts).toEqual([ACCOUNT]);
    expect(allowed[1].targetTags).toEqual(['demo-controller']);
  });
});
