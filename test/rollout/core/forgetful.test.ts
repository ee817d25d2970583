import { expect, test } from 'vitest';
import { forgetful } from '../../../rollout/core/forgetful.ts';

const kamailio = (seconds: number) => ({
  kind: 'kamailio' as const,
  url: `http://10.0.0.${seconds}:8080/RPC`,
  hashTableSeconds: seconds,
});

test('each Kamailio that has forgotten the oldest call is named, with both times; OpenSIPS keeps no such table', () => {
  const opensips = { ...kamailio(1), kind: 'opensips' as const };
  const said = forgetful([kamailio(60), kamailio(200), opensips], [12, 99.5, 3]);
  expect(said).toHaveLength(1);
  expect(said[0]).toMatchObject({
    kind: 'warn',
    message: expect.stringContaining(
      'up for 99 s, and Kamailio at http://10.0.0.60:8080/RPC forgets after 60 s',
    ),
  });
});

test('no call, or none that is old, nothing to say', () => {
  expect(forgetful([kamailio(60)], [])).toEqual([]);
  expect(forgetful([kamailio(60)], [60])).toEqual([]);
  const { hashTableSeconds: _, ...unsaid } = kamailio(60);
  expect(forgetful([unsaid], [3600])).toEqual([]);
  expect(forgetful([unsaid], [3601])).toHaveLength(1);
});
