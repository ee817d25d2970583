/** `rollout plan`: the decision on a simulation of the fleet as it is now. */
import process from 'node:process';
import { EXIT } from '../../lib/errors.ts';
import { stateOf } from '../core/changes.ts';
import { standingsOf } from '../core/plan.ts';
import { effectivePolicy } from '../core/policy.ts';
import { type Assumptions, type Preview, preview } from '../core/preview.ts';
import { type FleetOptions, observerOf, withSession } from '../session.ts';
import { fleetLines } from '../view/fleet-table.ts';
import { hazardLines } from '../view/hazards.ts';
import { overridesOf, type PolicyOptions } from './overrides.ts';

export type PlanOptions = FleetOptions &
  PolicyOptions & { readonly callSeconds: number; readonly bootSeconds?: number; readonly json: boolean };

/** A VM of GCE with a small image is up within a minute. */
const USUAL_BOOT_SECONDS = 60;

/** Exit code 0: such a rollout ends well; 3: it would be held or halted. */
export async function showPlan(options: PlanOptions): Promise<number> {
  return await withSession(options, async (session) => {
    const { file, clock } = session;
    const policy = effectivePolicy(file, overridesOf(options, true));
    const observer = observerOf(session, policy);
    const fleet = await observer.observe();
    const bootSeconds = options.bootSeconds ?? Math.min(USUAL_BOOT_SECONDS, policy.replaceSeconds);
    const assume = { callMs: options.callSeconds * 1000, replaceMs: bootSeconds * 1000 };
    const plan = preview(fleet, policy, assume, clock.now());
    const states = standingsOf(fleet, policy).map(stateOf);
    const text = options.json ? JSON.stringify({ relays: states, ...plan }) : lines(plan, assume).join('\n');
    if (!options.json) {
      const above = [...fleetLines(fleet.targets, states), ...hazardLines(fleet.targets, states)];
      process.stdout.write(`${above.join('\n')}\n\n`);
    }
    process.stdout.write(`${text}\n`);
    return plan.result === 'done' ? EXIT.done : EXIT.halted;
  });
}

function lines(plan: Preview, { callMs, replaceMs }: Assumptions): readonly string[] {
  if (plan.steps.length === 0 && plan.result === 'done')
    return ['Nothing to do: every relay runs what it should.'];
  const steps = plan.steps.map(
    ({ at, action, relay, because }) => `${clockOf(at)}  ${action.padEnd(8)} ${relay}  (${because})`,
  );
  const end =
    plan.result === 'done'
      ? `${clockOf(plan.ms)}  done; at least ${plan.lowestAdmitting} relays take calls at any moment, with room for ${plan.lowestRoom} calls beside those that are up`
      : `${clockOf(plan.ms)}  ${plan.result}: ${plan.because.join('; ')}`;
  const assumed = `Assumed: calls end within ${callMs / 1000} s, a relay is back after ${replaceMs / 1000} s.`;
  return [...steps, end, ...(plan.hint === undefined ? [] : [`  ${plan.hint}`]), assumed];
}

/** Milliseconds → `h:mm:ss`. */
function clockOf(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}
