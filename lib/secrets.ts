/** The only door to Secret Manager: reads one secret, by the URL at which it is given. Its value is never part of an error. */
import { FleetError, isFleetError, reasonOf } from './errors.ts';

export type SecretOptions = {
  readonly project: string;
  /** Another endpoint than Google's, e.g. `http://127.0.0.1:8911`: asked instead of the URL's own, without credentials. */
  readonly endpoint?: string | undefined;
  readonly signal?: AbortSignal | undefined;
};

const GOOGLE = 'https://secretmanager.googleapis.com';
const WITHIN_MS = 10_000;

/**
 * @param url `https://secretmanager.googleapis.com/v1/projects/…/secrets/…/versions/…:access`
 * @throws FleetError `stop`, code `secret`: not a URL of Secret Manager, refused, or no answer within 10 s.
 */
export async function readSecret(url: string, { project, endpoint, signal }: SecretOptions): Promise<string> {
  const place = placeOf(url, endpoint);
  const { createAuth } = await import('./gce/auth.ts');
  const timeout = AbortSignal.timeout(WITHIN_MS);
  try {
    const headers = await createAuth(project, endpoint).getRequestHeaders(place);
    const answer = await fetch(place, {
      headers,
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    if (!answer.ok) throw unreadable(place, `HTTP ${answer.status}`);
    const { payload } = (await answer.json()) as { readonly payload?: { readonly data?: string } };
    return Buffer.from(payload?.data ?? '', 'base64').toString();
  } catch (cause) {
    signal?.throwIfAborted();
    if (isFleetError(cause)) throw cause;
    throw unreadable(place, reasonOf(cause));
  }
}

/** Whoever wrote the URL could else have our credentials sent to himself. */
function placeOf(url: string, endpoint: string | undefined): string {
  const { origin, pathname } = URL.canParse(url) ? new URL(url) : { origin: '', pathname: '' };
  if (!/^\/v1\/projects\/[^/]+\/secrets\/[^/]+\/versions\/[^/]+:access$/.test(pathname))
    throw unreadable(url, 'it is no URL of Secret Manager');
  if (endpoint !== undefined) return new URL(pathname, endpoint).href;
  if (origin !== GOOGLE) throw unreadable(url, `it is not at ${GOOGLE}`);
  return url;
}

function unreadable(place: string, why: string): FleetError {
  return new FleetError({
    kind: 'stop',
    code: 'secret',
    message: `Secret ${place} cannot be read: ${why}`,
    hint: 'Whoever asks needs roles/secretmanager.secretAccessor on it; the account for rollouts has it (stack output accounts.controller).',
  });
}
