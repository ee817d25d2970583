/** Asks gates before relays are cordoned; what they let pass. */
import type { Action } from './core/actions.ts';
import { type Consent, underConsent } from './core/consent.ts';

export type Ask = (relays: readonly string[], because: string) => Promise<Consent>;

/** What gates said last, and when. */
export type Asked = { readonly said: Consent; readonly at: number };

/** A gate that did not say go is asked again after this, ms. */
const AGAIN_MS = 10_000;

/** `ask` undefined: there are no gates. */
export async function agreed(
  actions: readonly Action[],
  ask: Ask | undefined,
  last: Asked | undefined,
  now: number,
): Promise<{ readonly actions: readonly Action[]; readonly asked: Asked | undefined }> {
  const cordons = actions.filter((action) => action.kind === 'cordon');
  const [first] = cordons;
  if (ask === undefined || first === undefined) return { actions, asked: last };
  const waits = last !== undefined && last.said.kind !== 'go' && now - last.at < AGAIN_MS;
  const names = cordons.map(({ relay }) => relay.name);
  const asked = waits ? last : { said: await ask(names, first.because), at: now };
  return { actions: underConsent(actions, asked.said), asked };
}
