/** Waiting for a managed group, as Pulumi's provider does (`waitForInstances`). */
import { setTimeout as delay } from 'node:timers/promises';
import type { Json } from '../../infra/evaluate/protocol.ts';
import { FleetError } from '../../lib/errors.ts';
import type { ManagedInstance } from '../types.ts';
import type { Rest } from './rest.ts';

export type Wait = {
  /** Gives up after so many milliseconds. */
  readonly withinMs: number;
  /** Told whenever what the group does changes, e.g. `1 of 3 relays stable; lab-…-x1b2: CREATING STAGING`. */
  readonly progress: (text: string) => void;
};

const PAUSE_MS = 250;

/**
 * Resolves with the group once it is stable: no relay is being changed.
 * @throws FleetError `retry`, code `apply-unstable`: not within the time; says what each relay that is not ready last did.
 */
export async function waitUntilStable(rest: Rest, path: string, wait: Wait): Promise<Json> {
  const deadline = Date.now() + wait.withinMs;
  let told = '';
  for (;;) {
    const group = (await rest.get(path)) ?? {};
    if ((group.status as { readonly isStable?: boolean } | undefined)?.isStable === true) return group;
    const members = await managedInstances(rest, path);
    const text = describe(members);
    if (text !== told) wait.progress(text);
    told = text;
    if (Date.now() > deadline) throw unstable(path, text, members);
    await delay(PAUSE_MS, undefined, rest.signal ? { signal: rest.signal } : {});
  }
}

export async function managedInstances(rest: Rest, path: string): Promise<readonly ManagedInstance[]> {
  const answer = await rest.send('POST', `${path}/listManagedInstances`);
  return (answer.managedInstances ?? []) as readonly ManagedInstance[];
}

function describe(members: readonly ManagedInstance[]): string {
  const busy = members.filter(({ currentAction }) => currentAction !== 'NONE');
  const actions = busy.map(
    ({ instance, currentAction, instanceStatus }) =>
      `${instance?.split('/').at(-1)}: ${[currentAction, instanceStatus].filter(Boolean).join(' ')}`,
  );
  return [`${members.length - busy.length} of ${members.length} relays stable`, ...actions].join('; ');
}

function unstable(path: string, text: string, members: readonly ManagedInstance[]): FleetError {
  const failures = members.flatMap(({ lastAttempt }) => lastAttempt?.errors?.errors ?? []);
  const reasons = [...new Set(failures.map(({ message, code }) => message ?? code ?? ''))];
  return new FleetError({
    kind: 'retry',
    code: 'apply-unstable',
    message: `${path.split('/').at(-1)} is not stable: ${[text, ...reasons].join('; ')}`,
    hint: 'Look at a relay with `pnpm lab console NAME`, then apply again.',
  });
}
