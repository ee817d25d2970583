/** The demo's doors to the other programs: one function for each thing that it does with them. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadFleet } from '../../configs/load.ts';
import { buildImage } from '../../image-builder/build.ts';
import { openCache } from '../../image-builder/cache.ts';
import type { Shop } from '../../image-builder/command.ts';
import { salvage } from '../../image-builder/failure.ts';
import type { Progress } from '../../image-builder/progress.ts';
import { FleetError } from '../../lib/errors.ts';
import { stateOf } from '../../rollout/core/changes.ts';
import type { RelayState } from '../../rollout/core/events.ts';
import { standingsOf } from '../../rollout/core/plan.ts';
import { effectivePolicy } from '../../rollout/core/policy.ts';
import { createObserver } from '../../rollout/observe.ts';
import { withSession } from '../../rollout/session.ts';
import { applyToLab, wordEvent } from '../apply.ts';
import type { LabFile } from '../lab-file.ts';
import { DEMO, type DemoImage } from './plan.ts';

/** What every step gets. */
export type Demo = {
  readonly lab: LabFile;
  readonly progress: Progress;
  /** Aborted by Ctrl-C, with the error to end with. */
  readonly signal: AbortSignal;
};

/** Builds, imports, accepts and promotes an image, each only if it is not done already. Answers its name. */
export async function buildAndPromote({ lab, progress, signal }: Demo, image: DemoImage): Promise<string> {
  const fleet = loadFleet(DEMO.fleetFile);
  const cache = openCache(process.env);
  const logs = join(cache.root, 'logs');
  mkdirSync(logs, { recursive: true });
  const shop: Shop = { log: join(logs, `demo-${image.base}.log`), signal };
  const order = {
    fleet: { ...fleet, image: { ...fleet.image, ...image } },
    fleetFile: DEMO.fleetFile,
    publish: { endpoint: lab.endpoint, depth: 'call', network: 'default', pin: false, promote: true },
  } as const;
  try {
    return (await buildImage(shop, cache, order, progress)).image;
  } catch (error) {
    throw await salvage(cache, shop, error, false);
  }
}

/** Evaluates the Pulumi program with this image and brings the lab to it. Answers how many resources it made or changed. */
export async function applyImage(
  { lab, signal }: Demo,
  image: string,
  tell: (text: string) => void,
): Promise<number> {
  const { fleetFile } = DEMO;
  const onEvent = (event: Parameters<typeof wordEvent>[0]) => tell(wordEvent(event));
  const applied = await applyToLab({ fleetFile, image, lab, signal, onEvent });
  return applied.resources.filter(({ change }) => change.kind === 'created' || change.kind === 'changed')
    .length;
}

/** One look at every relay, as `rollout status` shows it. */
export async function lookAtFleet({ lab }: Pick<Demo, 'lab'>): Promise<readonly RelayState[]> {
  return await withSession(sessionOf(lab), async ({ file, cloud, relays, clock }) => {
    const policy = effectivePolicy(file, { drain: true });
    const scope = { name: file.name, zones: file.cloud.zones, policy };
    const observer = createObserver({ cloud, relays, clock }, scope);
    return standingsOf(await observer.observe(), policy).map(stateOf);
  });
}

/** Resolves with the relays once every one of them takes calls on `version`. */
export async function waitUntilServing(
  demo: Demo,
  version: string,
  tell: (text: string) => void,
): Promise<readonly RelayState[]> {
  for (const deadline = Date.now() + DEMO.serveWithin * 1_000; ; ) {
    const relays = await lookAtFleet(demo);
    const waitsFor = relays.filter((relay) => !serves(relay, version));
    if (relays.length > 0 && waitsFor.length === 0) return relays;
    const words = waitsFor.map(
      ({ relay, phase, version: runs }) => `${relay.name} is ${phase} on ${runs ?? '?'}`,
    );
    if (Date.now() > deadline) throw notServing(words);
    tell(words.join(', '));
    await sleep(250, undefined, { signal: demo.signal }).catch(() => demo.signal.throwIfAborted());
  }
}

export function serves({ phase, version, admitting }: RelayState, wanted: string): boolean {
  return phase === 'serving' && admitting === true && version === wanted;
}

export function sessionOf(lab: LabFile): { readonly fleet: string; readonly endpoint: string } {
  return { fleet: DEMO.fleetFile, endpoint: lab.endpoint };
}

function notServing(words: readonly string[]): FleetError {
  return new FleetError({
    kind: 'stop',
    code: 'demo-fleet',
    message: `The fleet does not serve ${DEMO.serveWithin} s after it was created: ${words.join(', ') || 'no relay is there'}.`,
    hint: 'Run the demo with -- --keep and look: pnpm lab status, pnpm lab console <relay>, pnpm rollout status.',
  });
}
