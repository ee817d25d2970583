import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { admitRelay, cordonRelay } from '../../../lib/relay/cordon.ts';
import { startFakeRelay } from '../../support/fake-relay.ts';

let fake: Awaited<ReturnType<typeof startFakeRelay>>;
beforeEach(async () => {
  fake = await startFakeRelay();
});
afterEach(() => fake.close());

const lines = () => fake.asked.map(({ fields }) => fields.body);

describe('a cordon', () => {
  test('sets the limit to 0, reads it back, and returns what was there', async () => {
    fake.state.maxSessions = 500;
    expect(await cordonRelay(fake.relay)).toEqual({ maxSessions: 500, deleteDelaySeconds: 30 });
    expect(fake.state).toMatchObject({ maxSessions: 0, deleteDelay: 30 });
    expect(lines().slice(-2)).toEqual(['set maxsessions 0', 'list maxsessions']);
  });

  test('is not believed when the relay only says Success', async () => {
    fake.state.deaf = true;
    await expect(cordonRelay(fake.relay)).rejects.toMatchObject({
      kind: 'hold',
      code: 'cordon-not-taken',
      message: expect.stringContaining('reads back -1'),
      facts: { wanted: 0, found: -1 },
    });
  });

  test('touches nothing when the present limit cannot be read', async () => {
    fake.state.texts = { 'list maxsessions': 'Unknown or incomplete command::maxsessions\n' };
    await expect(cordonRelay(fake.relay)).rejects.toMatchObject({ kind: 'hold', code: 'cli-not-understood' });
    expect(lines()).toEqual(['list maxsessions']);
  });

  test('lowers delete-delay when asked to, but never raises it and never goes under two seconds', async () => {
    await cordonRelay(fake.relay, { lowerDeleteDelayTo: 2 });
    expect(fake.state.deleteDelay).toBe(2);
    await cordonRelay(fake.relay, { lowerDeleteDelayTo: 10 });
    expect(fake.state.deleteDelay).toBe(2);
    await expect(cordonRelay(fake.relay, { lowerDeleteDelayTo: 1 })).rejects.toMatchObject({
      kind: 'stop',
      code: 'relay-value',
    });
    expect(fake.state.deleteDelay).toBe(2);
  });

  test('stands when the relay does not tell its delete-delay', async () => {
    fake.state.texts = { 'list deletedelay': 'Unknown or incomplete command::deletedelay\n' };
    expect(await cordonRelay(fake.relay, { lowerDeleteDelayTo: 2 })).toEqual({
      maxSessions: -1,
      deleteDelaySeconds: 'unknown',
    });
    expect(fake.state).toMatchObject({ maxSessions: 0, deleteDelay: 30 });
  });

  test('of a cordoned relay changes nothing', async () => {
    fake.state.maxSessions = 0;
    expect(await cordonRelay(fake.relay)).toMatchObject({ maxSessions: 0 });
    expect(fake.state.maxSessions).toBe(0);
  });
});

describe('an admission', () => {
  test('puts both values back, the limit last, so that no call meets the drain settings', async () => {
    const before = await cordonRelay(fake.relay, { lowerDeleteDelayTo: 2 });
    await admitRelay(fake.relay, before);
    expect(fake.state).toMatchObject({ maxSessions: -1, deleteDelay: 30 });
    expect(lines().slice(-4)).toEqual([
      'set deletedelay 30',
      'list deletedelay',
      'set maxsessions -1',
      'list maxsessions',
    ]);
  });

  test('leaves an unknown delete-delay alone', async () => {
    await admitRelay(fake.relay, { maxSessions: 10, deleteDelaySeconds: 'unknown' });
    expect(fake.state).toMatchObject({ maxSessions: 10, deleteDelay: 30 });
  });

  test('is not believed when the relay only says Success', async () => {
    Object.assign(fake.state, { deaf: true, maxSessions: 0 });
    await expect(
      admitRelay(fake.relay, { maxSessions: -1, deleteDelaySeconds: 'unknown' }),
    ).rejects.toMatchObject({ kind: 'hold', code: 'admit-not-taken' });
  });

  test.each([-2, 1.5, 2 ** 31, Number.NaN])(
    'with the limit %d is refused before anything is sent',
    async (limit) => {
      await expect(
        admitRelay(fake.relay, { maxSessions: limit, deleteDelaySeconds: 'unknown' }),
      ).rejects.toMatchObject({ kind: 'stop', code: 'relay-value' });
      expect(fake.asked).toHaveLength(0);
    },
  );
});
