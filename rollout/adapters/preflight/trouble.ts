/** What may keep a rollout from its end, as the cloud tells before it begins. Pure, but for `asked`. */
import { isFleetError } from '../../../lib/errors.ts';

export type Trouble = {
  /** `stop`: a relay could not come back as it should. `warn`: a person should know. */
  readonly kind: 'stop' | 'warn';
  /** One sentence. */
  readonly message: string;
  /** The way out, an imperative sentence. */
  readonly next: string;
};

export function stop(message: string, next: string): Trouble {
  return { kind: 'stop', message, next };
}

export function warn(message: string, next: string): Trouble {
  return { kind: 'warn', message, next };
}

/** What the cloud answered. `unsupported`: this endpoint has no such thing, so there is nothing to say. */
export type Asked<T> =
  | { readonly kind: 'known'; readonly value: T }
  | { readonly kind: 'missing' | 'unsupported' }
  | { readonly kind: 'refused'; readonly because: string };

/** Rejects with the FleetError of a cloud that cannot be read at all. */
export async function asked<T>(answer: Promise<T>): Promise<Asked<T>> {
  try {
    return { kind: 'known', value: await answer };
  } catch (error) {
    if (!isFleetError(error) || error.kind === 'retry') throw error;
    if (error.code === 'gce-not-found') return { kind: 'missing' };
    if (error.code === 'gce-unsupported') return { kind: 'unsupported' };
    return { kind: 'refused', because: error.message };
  }
}

/** What could not be seen is told, and stops nothing. */
export function unseen(what: string, because: string): Trouble {
  return warn(
    `${what} cannot be looked at before the rollout: ${because}`,
    'Give the account for rollouts its present role: pulumi up.',
  );
}

/** The same trouble of several zones is told once. */
export function distinct(troubles: readonly Trouble[]): readonly Trouble[] {
  return [...new Map(troubles.map((trouble) => [trouble.message, trouble])).values()];
}
