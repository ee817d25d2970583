/**
 * Asks gates before relays are cordoned, beside the loop: one that is slow keeps nothing else waiting, relief under load least
 * of all. What they say is used in a later round.
 */
import { type Action, cordonedBy } from './core/actions.ts';
import { type Answer, type Consent, consented } from './core/consent.ts';
import type { Clock } from './ports.ts';

/** Never rejects; what does not answer says wait. `stop`: nobody wants to know any more. */
export type Ask = (relays: readonly string[], because: string, stop: AbortSignal) => Promise<Consent>;

export type Gates = {
  /** Of these actions, those that gates let pass; whoever is to be asked for the others is asked. */
  readonly pass: (actions: readonly Action[]) => readonly Action[];
  /** Aborted once the gates that are being asked have answered; undefined: none is. */
  readonly answered: () => AbortSignal | undefined;
  readonly close: () => void;
};

/** `ask` undefined: there are no gates. */
export function openGates(ask: Ask | undefined, clock: Pick<Clock, 'now'>): Gates {
  const stop = new AbortController();
  let answer: Answer | undefined;
  let asking: AbortController | undefined;
  const begin = (relays: readonly string[], because: string, gates: Ask) => {
    const answered = new AbortController();
    asking = answered;
    void gates(relays, because, stop.signal).then((said) => {
      answer = { relays: new Set(relays), said, at: clock.now() };
      asking = undefined;
      answered.abort();
    });
  };
  return {
    pass: (actions) => {
      if (ask === undefined) return actions;
      const { actions: passed, ask: relays, isUsed } = consented(actions, answer, clock.now());
      if (isUsed) answer = undefined;
      const first = actions.find((action) => cordonedBy(action) !== undefined);
      if (relays.length > 0 && first !== undefined && asking === undefined) begin(relays, first.because, ask);
      return passed;
    },
    answered: () => asking?.signal,
    close: () => stop.abort(),
  };
}
