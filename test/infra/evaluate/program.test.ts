import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { evaluateProgram } from '../../../infra/evaluate/program.ts';
import type { Handlers } from '../../../infra/evaluate/protocol.ts';

const program = new URL('./many.ts', import.meta.url);

const uncaught: unknown[] = [];
const keep = (error: unknown) => void uncaught.push(error);
beforeEach(() => void process.prependListener('uncaughtException', keep));
afterEach(() => void process.off('uncaughtException', keep));

test('one resource fails while others are under way: its error is thrown, and what they answer afterwards troubles nobody', async () => {
  const refused = Promise.withResolvers<void>();
  let asked = 0;
  const resource: Handlers['resource'] = async ({ inputs }) => {
    const place = ++asked;
    if (place === 40) {
      refused.resolve();
      throw new Error('the network n39 is refused');
    }
    await refused.promise;
    await turn();
    // The process that asked is killed by now, and this one is too busy to have heard of its end.
    if (place === 1) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
    return { state: inputs };
  };
  const handlers = { resource, call: async () => ({}) };
  const run = { program, stack: 'many', config: {}, preview: true, handlers };
  await expect(evaluateProgram(run)).rejects.toThrow('n39 is refused');
  expect(uncaught).toEqual([]);
});
