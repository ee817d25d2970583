/** Webhooks of the fleet file: gates that are asked, and notifications that are sent. Plain HTTP POST of JSON. */
import { reasonOf } from '../../lib/errors.ts';
import { type Consent, consentOf, readConsent } from '../core/consent.ts';
import type { RolloutEvent } from '../core/events.ts';
import { linesOf } from '../view/lines.ts';

export type HookSettings = {
  readonly gates: readonly string[];
  readonly notify: readonly string[];
  readonly timeoutSeconds: number;
};

/** What a gate is asked. */
export type Question = {
  readonly fleet: string;
  readonly run: string;
  readonly relays: readonly string[];
  readonly because: string;
};

/** A gate that does not answer in time, or not with a decision, says wait. Never rejects. `stop`: it is not waited for any more. */
export async function askGates(
  { gates, timeoutSeconds }: HookSettings,
  question: Question,
  stop?: AbortSignal,
): Promise<Consent> {
  const answers = await Promise.all(
    gates.map(async (url): Promise<Consent> => {
      const place = `the gate ${placeOf(url)}`;
      try {
        const response = await post(url, { kind: 'may-cordon', ...question }, timeoutSeconds, stop);
        return readConsent(await response.json(), place);
      } catch (error) {
        return { kind: 'wait', because: `${place} does not answer: ${reasonOf(error)}` };
      }
    }),
  );
  return consentOf(answers);
}

export type Notifier = {
  readonly show: (event: RolloutEvent) => void;
  /** Resolves once every notification was delivered or given up. */
  readonly close: () => Promise<void>;
};

/** Sends what people want to hear of, in the order of time. `failed` hears what could not be delivered; nothing stops. */
export function notifier(
  { notify, timeoutSeconds }: HookSettings,
  fleet: string,
  failed: (place: string, reason: string) => void,
): Notifier {
  let sent = Promise.resolve();
  const send = async (event: RolloutEvent): Promise<void> => {
    const text = [`rtpfleet ${fleet}:`, ...linesOf(event).map((line) => line.trim())].join('\n');
    await Promise.all(
      notify.map((url) =>
        post(url, { text, event }, timeoutSeconds).catch((error: unknown) =>
          failed(placeOf(url), reasonOf(error)),
        ),
      ),
    );
  };
  return {
    show: (event) => {
      if (notify.length > 0 && isNews(event)) sent = sent.then(() => send(event));
    },
    close: () => sent,
  };
}

function isNews(event: RolloutEvent): boolean {
  switch (event.kind) {
    case 'run-started':
    case 'run-ended':
    case 'target-set':
    case 'wish':
      return true;
    case 'hold':
      return event.overdue;
    case 'action-failed':
      return event.next !== 'retry';
    case 'action-done':
      return event.action === 'force';
    default:
      return false;
  }
}

async function post(
  url: string,
  body: unknown,
  timeoutSeconds: number,
  stop?: AbortSignal,
): Promise<Response> {
  const timeout = AbortSignal.timeout(timeoutSeconds * 1000);
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    redirect: 'error',
    signal: stop === undefined ? timeout : AbortSignal.any([timeout, stop]),
  });
  if (!response.ok) throw new Error(`HTTP status ${response.status}`);
  return response;
}

/** Without path and query, which may hold a secret. */
function placeOf(url: string): string {
  return new URL(url).host;
}
