/** `rollout verify`: what is wrong in the fleet between two rollouts. Reads only. */
import process from 'node:process';
import { EXIT } from '../../lib/errors.ts';
import { runningOwner } from '../adapters/lock.ts';
import { type Finding, findings } from '../core/findings.ts';
import type { Fleet, SelfReport } from '../core/fleet.ts';
import { isUnknown } from '../core/fleet.ts';
import { effectivePolicy } from '../core/policy.ts';
import { plural } from '../core/words.ts';
import type { Observer } from '../observe.ts';
import { seatOf, vmOf } from '../ports.ts';
import { controlPlace, type FleetOptions, observerOf, type Session, withSession } from '../session.ts';
import { settled, settledLimited } from '../settled.ts';
import { runningHazards } from '../view/hazards.ts';

export type VerifyOptions = FleetOptions & { readonly json: boolean };

/** One lost datagram is no finding: a silent relay is asked so often. */
const LOOKS = 3;
const AGAIN_MS = 500;
const REPORTS_AT_ONCE = 32;

/** Exit code 0: nothing is wrong; 3: something is. */
export async function verify(options: VerifyOptions): Promise<number> {
  return await withSession(options, async (session) => {
    const { file, cloud, proxies } = session;
    const policy = effectivePolicy(file, { drain: true });
    const running = await runningOwner(await controlPlace(session));
    const fleet = await observed(observerOf(session, policy), session);
    const ready = fleet.relays.filter(({ vm }) => vm.state === 'ready');
    const [reports, leftovers, leftOut] = await settled([
      readReports(fleet, session),
      settled(file.cloud.zones.map((zone) => cloud.leftovers(zone))),
      proxies.leftOut(ready.map(seatOf)),
    ]);
    const run = running?.owner.run;
    const found = findings({ fleet, reports, leftovers: leftovers.flat(), leftOut, run }, policy);
    const hazards = runningHazards(fleet.relays);
    const text = options.json
      ? JSON.stringify({ fleet: file.name, ...(run === undefined ? {} : { run }), findings: found, hazards })
      : [...linesOf(found, fleet, run), ...hazards].join('\n');
    process.stdout.write(`${text}\n`);
    return found.length === 0 ? EXIT.done : EXIT.halted;
  });
}

async function observed(observer: Observer, { clock }: Session): Promise<Fleet> {
  for (let looks = 1; ; looks += 1) {
    const fleet = await observer.observe();
    const silent = fleet.relays.some((relay) => relay.vm.state === 'ready' && isUnknown(relay));
    if (!silent || looks === LOOKS) return fleet;
    await clock.sleep(AGAIN_MS);
  }
}

async function readReports(fleet: Fleet, { cloud }: Session): Promise<ReadonlyMap<string, SelfReport>> {
  const ready = fleet.relays.filter(({ vm, id }) => vm.state === 'ready' && id !== undefined);
  const reports = await settledLimited(
    ready,
    REPORTS_AT_ONCE,
    async (relay) => [relay.name, await cloud.readReport(vmOf(relay))] as const,
  );
  return new Map(reports);
}

function linesOf(found: readonly Finding[], { relays, zones }: Fleet, run: string | undefined) {
  const on = run === undefined ? [] : [`Rollout ${run} is on; what it has under way is left out.`];
  if (found.length === 0)
    return [...on, `Nothing is wrong: ${plural(relays.length, 'relay')} in ${plural(zones.length, 'zone')}.`];
  const each = found.flatMap(({ zone, relay, message, next }) => [
    `${relay ?? zone}: ${message}`,
    `  ${next}`,
  ]);
  return [...on, ...each, plural(found.length, 'finding')];
}
