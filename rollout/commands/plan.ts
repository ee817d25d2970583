/** `rollout plan`: the decision on a simulation of the fleet as it is now. */
import process from 'node:process';
import { EXIT } from '../../lib/errors.ts';
import type { Trouble } from '../adapters/preflight/trouble.ts';
import { agesIn } from '../ages.ts';
import { stateOf } from '../core/changes.ts';
import { steadyEta } from '../core/eta.ts';
import { standingsOf } from '../core/plan.ts';
import { effectivePolicy } from '../core/policy.ts';
import { type Assumptions, type Preview, preview } from '../core/preview.ts';
import { plural } from '../core/words.ts';
import { type FleetOptions, observerOf, withSession } from '../session.ts';
import { troublesIn } from '../troubles.ts';
import { fleetLines } from '../view/fleet-table.ts';
import { hazardLines } from '../view/hazards.ts';
import { overridesOf, type PolicyOptions } from './overrides.ts';

export type PlanOptions = FleetOptions &
  PolicyOptions & { readonly callSeconds?: number; readonly bootSeconds?: number; readonly json: boolean };

/** Without anything better, a call is taken to last at most so long. */
const USUAL_CALL_SECONDS = 300;

/** A VM of GCE with a small image is up within a minute. */
const USUAL_BOOT_SECONDS = 60;

/** Exit code 0: such a rollout ends well; 3: it would be refused, held or halted. */
export async function showPlan(options: PlanOptions): Promise<number> {
  return await withSession(options, async (session) => {
    const { file, clock } = session;
    const policy = effectivePolicy(file, overridesOf(options, true));
    const observer = observerOf(session, policy);
    const fleet = await observer.observe();
    const bootSeconds = options.bootSeconds ?? Math.min(USUAL_BOOT_SECONDS, policy.replaceSeconds);
    const drains = drainsOf(options.callSeconds, await agesIn(session, fleet.relays));
    const replaceMs = bootSeconds * 1000;
    const plan = preview(fleet, policy, { drainMs: drains.p50, replaceMs }, clock.now());
    const late = preview(fleet, policy, { drainMs: drains.p90, replaceMs }, clock.now());
    const states = standingsOf(fleet, policy).map(stateOf);
    const troubles = await troublesIn(fleet, session, policy);
    const eta = { p50Seconds: plan.ms / 1000, p90Seconds: late.ms / 1000, assumed: drains.words };
    const text = options.json
      ? JSON.stringify({ relays: states, troubles, ...plan, eta })
      : lines(plan, late, `${drains.words}; a relay is back after ${bootSeconds} s`).join('\n');
    if (!options.json) {
      const above = [
        ...fleetLines(fleet.targets, states),
        ...hazardLines(fleet.targets, states),
        ...troubles.flatMap(troubleLines),
      ];
      process.stdout.write(`${above.join('\n')}\n\n`);
    }
    process.stdout.write(`${text}\n`);
    const isRefused = troubles.some(({ kind }) => kind === 'stop');
    return plan.result === 'done' && !isRefused ? EXIT.done : EXIT.halted;
  });
}

function troubleLines({ kind, message, next }: Trouble): readonly string[] {
  return [`${kind === 'stop' ? 'a run would be refused' : 'warning'}: ${message}`, `  ${next}`];
}

type Drains = {
  readonly p50: Assumptions['drainMs'];
  readonly p90: Assumptions['drainMs'];
  readonly words: string;
};

/** From the ages of calls where there are enough; what they do not tell is as long as the longest of them, or longer. */
function drainsOf(callSeconds: number | undefined, ages: readonly number[]): Drains {
  const longest = ages.reduce((most, age) => Math.max(most, age), 0);
  if (callSeconds === undefined && steadyEta(1, ages).p50 !== 'unknown') {
    const at = (part: 'p50' | 'p90') => (calls: number) => {
      const seconds = steadyEta(calls, ages)[part];
      return (seconds === 'unknown' ? longest : seconds) * 1000;
    };
    const words = `drains as the ages of ${plural(ages.length, 'call')} foretell, of which the oldest is ${Math.round(longest)} s`;
    return { p50: at('p50'), p90: at('p90'), words };
  }
  const seconds = callSeconds ?? USUAL_CALL_SECONDS;
  const unknown = callSeconds === undefined ? ' (too few are up to tell)' : '';
  const always = () => seconds * 1000;
  return { p50: always, p90: always, words: `calls end within ${seconds} s${unknown}` };
}

function lines(plan: Preview, late: Preview, assumed: string): readonly string[] {
  if (plan.steps.length === 0 && plan.result === 'done')
    return ['Nothing to do: every relay runs what it should.'];
  const steps = plan.steps.map(
    ({ at, action, relay, because }) => `${clockOf(at)}  ${action.padEnd(8)} ${relay}  (${because})`,
  );
  const end =
    plan.result === 'done'
      ? `${clockOf(plan.ms)}  done; at least ${plan.lowestAdmitting} relays take calls at any moment, with room for ${plan.lowestRoom} calls beside those that are up`
      : `${clockOf(plan.ms)}  ${plan.result}: ${plan.because.join('; ')}`;
  const expected =
    plan.ms === late.ms
      ? []
      : [`Expected: ${clockOf(plan.ms)}; in nine of ten cases at most ${clockOf(late.ms)}.`];
  const hint = plan.hint === undefined ? [] : [`  ${plan.hint}`];
  return [...steps, end, ...hint, ...expected, `Assumed: ${assumed}.`];
}

/** Milliseconds → `h:mm:ss`. */
function clockOf(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}
