/** One RTPEngine of a hand-over, over CLI and ng (TCP, at its own address: the other one moves). */
import { FleetError } from '../../lib/errors.ts';
import { query } from '../../lib/ng/commands.ts';
import { readCallMedia } from '../../lib/relay/call-media.ts';
import { cordonRelay } from '../../lib/relay/cordon.ts';
import { parseRedisUse } from '../../lib/relay/redis-use.ts';
import type { Relay } from '../../lib/relay/relay.ts';
import { readSessions } from '../../lib/relay/sessions.ts';
import type { Side } from '../handover/ports.ts';

const TRIES = 5;

export function sideOf(relay: Relay): Side {
  const { name } = relay.place;
  return {
    name,
    cordon: async () => void (await cordonRelay(relay)),
    calls: async () =>
      (await readSessions(relay, {})).map(({ callId, foreign, markedDeleted }) => ({
        callId,
        foreign: foreign === true,
        ending: markedDeleted === true,
      })),
    media: async (callId) => {
      const found = await query(relay.bulk, callId);
      return found.kind === 'unknown-call' ? undefined : readCallMedia(found.fields);
    },
    watch: async (database) => {
      await relay.cli(`ksadd ${database}`);
      if (!(await watched(relay)).includes(database)) throw notTaken(name, `watch database ${database}`);
    },
    unwatch: async (database) => {
      await relay.cli(`ksrm ${database}`);
      if ((await watched(relay)).includes(database))
        throw notTaken(name, `stop watching database ${database}`);
    },
    activate: async () => {
      await relay.cli('active');
      const calls = await readSessions(relay, {});
      if (calls.some(({ foreign }) => foreign === true)) throw notTaken(name, 'own all its calls');
    },
    letGo: async (calls) => {
      const moved = new Set(calls);
      const left = async () => (await readSessions(relay, {})).filter(({ callId }) => moved.has(callId));
      // A busy RTPEngine may close a CLI connection before it has read the command, and says nothing about that.
      for (let tries = 0; tries < TRIES; tries += 1) {
        const calls = await left();
        if (calls.length === 0) return;
        for (const { callId } of calls) await relay.cli(`call ${callId} terminate`);
      }
      const [first] = await left();
      if (first !== undefined) throw notTaken(name, `let call ${first.callId} go`);
    },
  };
}

async function watched(relay: Relay): Promise<readonly number[]> {
  return parseRedisUse(await relay.cli('params current'))?.watched ?? [];
}

function notTaken(name: string, what: string): FleetError {
  return new FleetError({
    kind: 'hold',
    code: 'handover-not-taken',
    message: `${name} was told to ${what}, and did not`,
    hint: 'Look into its log, then run the hand-over again: it goes on from where it is.',
  });
}
