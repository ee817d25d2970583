/** What gate webhooks say before a relay is cordoned, and what that makes of the decisions. Pure. */
import { type Action, cordonedBy } from './actions.ts';
import { some } from './words.ts';

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

/** What gates said when they were asked about these relays. */
export type Answer = { readonly relays: ReadonlySet<string>; readonly said: Consent; readonly at: number };

/** So long an answer holds, ms: a go must be used within that, what is no go is not asked again before. */
const HOLDS_MS = 10_000;

export type Asking = {
  readonly actions: readonly Action[];
  /** About which relays gates must be asked now. */
  readonly ask: readonly string[];
  /** The answer has let relays pass: it does so once. */
  readonly isUsed: boolean;
};

/**
 * What may be carried out under the last answer of the gates. A relay is cordoned only on a go that was asked for it; while
 * there is none, cordons alone wait.
 */
export function consented(actions: readonly Action[], answer: Answer | undefined, now: number): Asking {
  const wanted = actions.flatMap((action) => cordonedBy(action)?.name ?? []);
  if (wanted.length === 0) return { actions, ask: [], isUsed: false };
  const held = answer === undefined || now - answer.at >= HOLDS_MS ? undefined : answer;
  if (held !== undefined && held.said.kind !== 'go')
    return { actions: underConsent(actions, held.said), ask: [], isUsed: false };
  const passes = (action: Action) => {
    const relay = cordonedBy(action);
    return relay === undefined || held?.relays.has(relay.name) === true;
  };
  const passed = actions.filter(passes);
  if (passed.some((action) => cordonedBy(action) !== undefined))
    return { actions: passed, ask: [], isUsed: true };
  const before = answer?.said.kind === 'wait' ? answer.said : undefined;
  const wait = before ?? { kind: 'wait', because: `the gates are asked about ${some(wanted)}` };
  return { actions: underConsent(actions, wait), ask: wanted, isUsed: false };
}

export function underConsent(actions: readonly Action[], consent: Consent): readonly Action[] {
  switch (consent.kind) {
    case 'go':
      return actions;
    case 'wait':
      return [
        ...actions.filter((action) => cordonedBy(action) === undefined),
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
