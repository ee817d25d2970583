/**
 * One run at a time examines an image: its machine has the name of the image, and GCE gives a name once. Who made the machine
 * stands on it, so that no run removes the machine of another that is on, and each removes what a killed one left.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { LABEL } from '../configs/naming.ts';
import { isFleetError } from '../lib/errors.ts';
import type { GceAnswer } from '../lib/gce.ts';
import type { Machine } from './acceptance-machine.ts';

/** The machine is asked for and healthy within 10 and 5 minutes, or given up (accept.ts): an older one belongs to no run. */
const LEFT_BEHIND_MS = 900_000;
const LOOK_EVERY_MS = 1_000;

type Found = Pick<GceAnswer<'instances', 'get'>, 'labels' | 'creationTimestamp'>;

/** `free`: there is no such machine. `left`: a killed run left it. `busy`: another run may be at it. */
export type Occupancy = 'free' | 'left' | 'busy';

/**
 * @param place where this run is; no other run of this image is on there
 * @param now milliseconds since 1970
 */
export function occupancy(found: Found | undefined, place: string, now: number): Occupancy {
  if (found === undefined) return 'free';
  if (found.labels?.[LABEL.run]?.startsWith(`${place}-`)) return 'left';
  const age = now - Date.parse(found.creationTimestamp ?? '');
  return age > LEFT_BEHIND_MS ? 'left' : 'busy';
}

/**
 * Waits while another run is at the machine, and removes one that was left behind.
 * @param tell called once when there is somebody to wait for
 * @returns false: another run was at it, so how the image stands is to be looked at anew
 */
export async function makeWay(
  machine: Machine,
  place: string,
  tell: (words: string) => void,
): Promise<boolean> {
  const since = performance.now();
  for (let isFirst = true; ; isFirst = false) {
    const found = await findMachine(machine);
    const state = occupancy(found, place, Date.now());
    if (state === 'free') return isFirst;
    // Whatever this machine's clock says: so long no run is at it.
    if (state === 'left' || performance.now() - since > LEFT_BEHIND_MS) {
      await deleteMachine(machine);
      return isFirst;
    }
    if (isFirst) tell(`another publication examines it in ${machine.instance}; waiting for its end`);
    await sleep(LOOK_EVERY_MS, undefined, { signal: machine.cloud.signal });
  }
}

/** Removes the machine that this very run made, and none else; none is fine. Also after Ctrl-C, so without its signal. */
export async function removeOwn(machine: Machine): Promise<void> {
  const found = await findMachine(machine);
  if (found?.labels?.[LABEL.run] === machine.run) await deleteMachine(machine);
}

async function findMachine({ cloud, zone, instance }: Machine): Promise<Found | undefined> {
  return await unlessGone(() => cloud.gce.call('instances', 'get', { zone, instance }));
}

async function deleteMachine({ cloud, zone, instance }: Machine): Promise<void> {
  await unlessGone(async () =>
    cloud.gce.done(await cloud.gce.call('instances', 'delete', { zone, instance })),
  );
}

async function unlessGone<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (isFleetError(error) && error.code === 'gce-not-found') return undefined;
    throw error;
  }
}
