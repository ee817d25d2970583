/** Google's APIs as a machine of the lab reaches them: by the metadata server's address, with its token. */
import type { Lab } from './context.ts';
import { refusalReply } from './http/reply.ts';
import type { ApiAnswer } from './ports.ts';
import { unsupported } from './refusal.ts';
import { isSecretPath, readSecretAs } from './secrets.ts';

/** undefined: not a path of these APIs. */
export function machineApi(
  lab: Lab,
  method: string,
  path: string,
  authorization: string | undefined,
): ApiAnswer | undefined {
  if (!isSecretPath(path)) return undefined;
  try {
    if (method !== 'GET') throw unsupported(`secretmanager ${method} ${path} for machines`);
    return { status: 200, json: readSecretAs(lab, path, lab.tokens.read(authorization)) };
  } catch (error) {
    const reply = refusalReply(error);
    if (reply?.body === undefined || !('json' in reply.body)) throw error;
    return { status: reply.status, json: reply.body.json };
  }
}
