/** The only door to Identity and Access Management: is a service account there, and enabled? */
import { reasonOf } from './errors.ts';

export type AccountState =
  | { readonly kind: 'enabled' | 'disabled' | 'missing' }
  /** It could not be seen. */
  | { readonly kind: 'unknown'; readonly because: string }
  /** Asked of another endpoint than Google's, which has no accounts. */
  | { readonly kind: 'unsupported' };

export type AccountOptions = {
  readonly project: string;
  readonly endpoint: string | undefined;
};

const GOOGLE = 'https://iam.googleapis.com/v1/projects/-/serviceAccounts/';
const WITHIN_MS = 10_000;

/** Never rejects. Whoever may act as the account (roles/iam.serviceAccountUser) may also look at it. */
export async function accountState(
  email: string,
  { project, endpoint }: AccountOptions,
): Promise<AccountState> {
  if (endpoint !== undefined) return { kind: 'unsupported' };
  try {
    const place = `${GOOGLE}${encodeURIComponent(email)}`;
    const { createAuth } = await import('./gce/auth.ts');
    const headers = await createAuth(project, undefined).getRequestHeaders(place);
    const answer = await fetch(place, { headers, signal: AbortSignal.timeout(WITHIN_MS) });
    return readAccount(answer.status, answer.ok ? await answer.json() : undefined);
  } catch (error) {
    return { kind: 'unknown', because: reasonOf(error) };
  }
}

/** Pure. (cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts/get) */
export function readAccount(status: number, body: unknown): AccountState {
  if (status === 404) return { kind: 'missing' };
  if (status !== 200) return { kind: 'unknown', because: `HTTP status ${status}` };
  const { disabled } = (body ?? {}) as { readonly disabled?: unknown };
  return { kind: disabled === true ? 'disabled' : 'enabled' };
}
