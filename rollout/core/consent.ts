/** What gate webhooks say before a relay is cordoned, and what that makes of the decisions. Pure. */
import type { Action } from './actions.ts';

export type Consent =
  | { readonly kind: 'go' }
  /** Asked again later. What does not answer says this too. */
  | { readonly kind: 'wait'; readonly because: string }
  /** Ends the run. */
  | { readonly kind: 'no'; readonly because: string };

/** One no is a no; else one wait is a wait. */
export function consentOf(answers: readonly Consent[]): Consent {
  return (
    answers.find(({ kind }) => kind === 'no') ?? answers.find(({ kind }) => kind === 'wait') ?? { kind: 'go' }
  );
}

/** Reads `{"decision": "go" | "wait" | "no", "because": "…"}`; anything else waits. `place`: how messages name the gate. */
export function readConsent(body: unknown, place: string): Consent {
  const said = (typeof body === 'object' && body !== null ? body : {}) as Readonly<Record<string, unknown>>;
  const why = typeof said.because === 'string' && said.because !== '' ? `: ${said.because}` : '';
  switch (said.decision) {
    case 'go':
      return { kind: 'go' };
    case 'wait':
    case 'no':
      return { kind: said.decision, because: `${place} says ${said.decision}${why}` };
    default:
      return { kind: 'wait', because: `${place} answers without a decision` };
  }
}

export function underConsent(actions: readonly Action[], consent: Consent): readonly Action[] {
  switch (consent.kind) {
    case 'go':
      return actions;
    case 'wait':
      return [
        ...actions.filter(({ kind }) => kind !== 'cordon'),
        { kind: 'hold', because: consent.because, overdue: false },
      ];
    case 'no':
      return [
        {
          kind: 'halt',
          because: consent.because,
          hint: 'No further relay was cordoned. Run it again once the gate agrees.',
        },
      ];
    default:
      return consent satisfies never;
  }
}
