/** `rollout hold|skip|unhold <relay>`: a run leaves this relay alone, as a label on its VM says. */
import process from 'node:process';
import { EXIT, FleetError } from '../../lib/errors.ts';
import { leaveOf } from '../core/labels.ts';
import { findRelay } from '../find-relay.ts';
import { type FleetOptions, withSession } from '../session.ts';
import { settled } from '../settled.ts';

export type LeaveOptions = FleetOptions & { readonly because?: string };

export async function leave(
  kind: 'hold' | 'skip' | 'unhold',
  name: string,
  options: LeaveOptions,
): Promise<number> {
  return await withSession(options, async ({ file, cloud, by }) => {
    const views = await settled(file.cloud.zones.map((zone) => cloud.readZone(zone)));
    const relays = views.flatMap((view) => view.relays);
    const { zone, id, vm } = findRelay(relays, name, file.name);
    if (id === undefined) throw noVm(name, vm.detail);
    const wanted = kind === 'unhold' ? undefined : leaveOf(kind, by, options.because ?? '');
    await cloud.leaveAlone({ zone, name, id }, wanted);
    process.stdout.write(`${name}: ${SAID[kind]}\n`);
    return EXIT.done;
  });
}

const SAID = {
  hold: 'a run leaves it alone and ends as held while it is on an old image; unhold takes that back',
  skip: 'a run leaves it alone and ends well without it; unhold takes that back',
  unhold: 'a run rolls it like any other',
} as const;

function noVm(name: string, detail: string): FleetError {
  return new FleetError({
    kind: 'hold',
    code: 'no-vm',
    message: `${name} has no VM to write that on (${detail})`,
    hint: 'Try again once its group has made it.',
  });
}
