/**
 * How requests are signed, and what gax may see of an answer. gax decodes `error.details` by rebuilding every message of the
 * Compute API: 0.7 to 2 s of a blocked process for each quota error (measured, google-gax 6.17), in which no relay is heard.
 * So `details` is renamed before gax sees it; lib/gce/errors.ts reads it under its new name.
 */
import { createRequire } from 'node:module';
import type { GoogleAuth } from 'google-auth-library';
import { silenceMetadataLookup } from './metadata-warning.ts';

const require = createRequire(import.meta.url);

/** Where the details of an error body are kept from gax. */
export const HIDDEN_DETAILS = 'rtpfleetDetails';

const SCOPES = ['https://www.googleapis.com/auth/cloud-platform'];

/** Application Default Credentials; at another endpoint than Google's none at all. */
export function createAuth(project: string, endpoint: string | undefined): GoogleAuth {
  if (endpoint === undefined) silenceMetadataLookup();
  const library = require('google-auth-library') as typeof import('google-auth-library');
  const auth =
    endpoint === undefined
      ? new library.GoogleAuth({ projectId: project, scopes: SCOPES })
      : new library.GoogleAuth({ projectId: project, authClient: new library.PassThroughClient() });
  const send = auth.fetch.bind(auth);
  // gax calls nothing but `fetch` with a URL and options; refused answers come back, those of 401 and 403 are thrown.
  const shielded = async (...args: Parameters<typeof send>) => {
    try {
      return await shieldAnswer(await send(...args));
    } catch (error) {
      throw shieldError(error);
    }
  };
  return Object.assign(auth, { fetch: shielded as typeof auth.fetch });
}

type Answer = Awaited<ReturnType<GoogleAuth['fetch']>>;

/** What gax reads of an answer (google-gax 6.17, fallbackServiceStub.js): `ok`, `status` and `arrayBuffer`. */
async function shieldAnswer(answer: Answer): Promise<Answer> {
  if (answer.ok) return answer;
  const body = Buffer.from(hideDetails(await answer.text()));
  return { ok: false, status: answer.status, arrayBuffer: async () => body } as unknown as Answer;
}

function shieldError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  error.message = hideDetails(error.message);
  const { response } = error as { response?: { data?: unknown } };
  if (typeof response?.data === 'string') response.data = hideDetails(response.data);
  return error;
}

/** Renames `details` of an error body; other text is left as it is. */
export function hideDetails(text: string): string {
  try {
    const body = JSON.parse(text) as { error?: Record<string, unknown> } | null;
    const { details, ...error } = body?.error ?? {};
    return details === undefined
      ? text
      : JSON.stringify({ ...body, error: { ...error, [HIDDEN_DETAILS]: details } });
  } catch {
    return text;
  }
}
