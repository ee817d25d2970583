/** `rollout --drain` as a program of its own, and its journal as it is written. */
import { FleetError } from '../../lib/errors.ts';
import type { RolloutEvent } from '../../rollout/core/events.ts';
import { readLines } from '../../rollout/report/call-lines.ts';
import type { LabFile } from '../lab-file.ts';
import type { Programs } from './programs.ts';
import { sessionOf } from './steps.ts';

/** Resolves when it ended well; rejects with code `demo-rollout` and its own words when it did not. */
export async function rollTheFleet(
  programs: Programs,
  lab: LabFile,
  journal: string,
  { signal, onEvent }: { readonly signal: AbortSignal; readonly onEvent: (event: RolloutEvent) => void },
): Promise<void> {
  const { fleet, endpoint } = sessionOf(lab);
  const args = ['--drain', '--json', '--journal', journal, '--fleet', fleet, '--endpoint', endpoint];
  let end: string | undefined;
  const program = await programs.start('rollout/cli.ts', args, (text) => {
    for (const event of readLines<RolloutEvent>(text).lines) {
      if (event.kind === 'run-ended') end = `${event.result}: ${event.because}`;
      onEvent(event);
    }
  });
  const onAbort = () => program.signal('SIGTERM');
  signal.addEventListener('abort', onAbort, { once: true });
  const code = await program.exit;
  signal.removeEventListener('abort', onAbort);
  signal.throwIfAborted();
  if (code === 0) return;
  throw new FleetError({
    kind: 'stop',
    code: 'demo-rollout',
    message: `The rollout ended with exit code ${code}; ${end ?? program.complaint()}`,
    hint: 'Run the demo with -- --keep and look: pnpm rollout status. The report tells every decision.',
  });
}

/** One line for an event that a watcher wants to know; undefined: not worth a line. */
export function wordRolloutEvent(event: RolloutEvent): string | undefined {
  switch (event.kind) {
    case 'action-done':
      return `${event.relay.name}: ${DONE[event.action]}`;
    case 'action-failed':
      return `${event.relay.name}: ${event.action} failed: ${event.message}`;
    case 'relay-observed': {
      if (event.phase !== 'draining' || event.own === undefined) return undefined;
      const calls = event.own + (event.foreign ?? 0);
      return `${event.relay.name}: ${calls} ${calls === 1 ? 'call' : 'calls'} left`;
    }
    case 'observe-failed':
      return event.message;
    default:
      return undefined;
  }
}

const DONE: Readonly<Record<Extract<RolloutEvent, { kind: 'action-done' }>['action'], string>> = {
  cordon: 'takes no new calls',
  reassert: 'takes no new calls again',
  'remove-empty-calls': 'rid of calls without parties',
  reap: 'ends calls without a packet',
  'hand-over': 'has its calls elsewhere',
  'give-back': 'has its calls again',
  force: 'being replaced with its calls',
  replace: 'empty, and being replaced',
  admit: 'takes calls again, on the new image',
  uncordon: 'takes calls again',
  release: 'takes calls on the new image',
};
