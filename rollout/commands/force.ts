/**
 * `rollout force <relay>`: a person has a draining relay replaced with the calls that are on it. The only act that cuts
 * calls; it is asked for by name, shows what it cuts, and a run carries it out and notes each call in its journal.
 */
import process from 'node:process';
import { createInterface } from 'node:readline/promises';
import { EXIT, FleetError } from '../../lib/errors.ts';
import type { CloudRelay } from '../core/fleet.ts';
import { findRelay } from '../find-relay.ts';
import { vmOf } from '../ports.ts';
import { type FleetOptions, withSession } from '../session.ts';
import { settled } from '../settled.ts';
import { askCalls, callLines, type Told } from './sessions.ts';

export type ForceOptions = FleetOptions & { readonly yes: boolean; readonly undo: boolean };

/** Exit code 0: it is written on the VM; 2: not confirmed; 3: this relay cannot be forced. */
export async function force(name: string, options: ForceOptions): Promise<number> {
  return await withSession(options, async (session) => {
    const { file, cloud, by } = session;
    const views = await settled(file.cloud.zones.map((zone) => cloud.readZone(zone)));
    const found = views.flatMap((view) => view.relays);
    const relay = findRelay(found, name, file.name);
    if (options.undo) {
      await cloud.force(vmOf(relay), undefined);
      process.stdout.write(`${name} is replaced only once it has no call left\n`);
      return EXIT.done;
    }
    const told = await askCalls(session, relay);
    refuse(relay, told);
    process.stdout.write(`${callLines([told]).join('\n')}\n`);
    if (!options.yes) await confirm(name, told);
    await cloud.force(vmOf(relay), by);
    process.stdout.write(
      `${name} is replaced with its calls by the rollout that is on, or by the next one: rollout --drain\n`,
    );
    return EXIT.done;
  });
}

/** New calls would come between the list and the replacement. */
function refuse({ name, onTarget, cordon, vm, floating }: CloudRelay, told: Told): void {
  if (vm.state === 'changing') throw refusal(`${name} cannot be forced: its VM is ${vm.detail}`);
  if (floating !== undefined && floating.carries.length > 0)
    throw refusal(`${name} cannot be forced: it has the address of ${floating.carries.join(', ')}`);
  if (onTarget) throw refusal(`${name} cannot be forced: it runs the wanted image`);
  if (cordon === undefined && 'calls' in told)
    throw refusal(
      `${name} cannot be forced: it is not cordoned, so new calls would come`,
      `Cordon it first: rollout cordon ${name}`,
    );
}

async function confirm(name: string, told: Told): Promise<void> {
  if (!process.stdin.isTTY)
    throw new FleetError({
      kind: 'usage',
      code: 'not-confirmed',
      message: `Nobody can be asked whether to cut the calls of ${name}`,
      hint: 'Add --yes.',
    });
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  const question = `${cutWords(told)} Type ${name} to go on: `;
  // Ctrl-C and Ctrl-D end the question without an answer.
  const said = await lines.question(question).catch(() => '');
  lines.close();
  if (said.trim() === name) return;
  if (said === '') process.stdout.write('\n');
  throw new FleetError({
    kind: 'usage',
    code: 'not-confirmed',
    message: 'Not confirmed; nothing was changed',
  });
}

function cutWords(told: Told): string {
  if (!('calls' in told)) return 'Whatever calls it has are cut.';
  const { length } = told.calls;
  if (length === 0) return 'No call is on it now; those that still come are cut.';
  return length === 1 ? 'This call is cut.' : `These ${length} calls are cut.`;
}

function refusal(message: string, hint?: string): FleetError {
  return new FleetError({ kind: 'hold', code: 'refused', message, ...(hint === undefined ? {} : { hint }) });
}
