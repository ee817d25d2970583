/** Access tokens of the lab's service accounts: what a machine's metadata server hands out, and what the lab's APIs take for machines. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** Who asks, as the machine of an instance. */
export type Caller = { readonly email: string; readonly scopes: readonly string[] };

/** As Google's metadata server writes it (cloud.google.com/compute/docs/access/authenticate-workloads). */
export type TokenAnswer = {
  readonly access_token: string;
  readonly expires_in: number;
  readonly token_type: 'Bearer';
};

export type Tokens = {
  readonly issue: (caller: Caller) => TokenAnswer;
  /** Whose token an `Authorization` header carries; undefined: nobody's, or one that is over. */
  readonly read: (authorization: string | undefined) => Caller | undefined;
};

const LIVES_SECONDS = 3_600;

/** Tokens of another run of the lab are nobody's: machines ask again. */
export function createTokens(now: () => number): Tokens {
  const key = randomBytes(32);
  const sign = (text: string): Buffer => createHmac('sha256', key).update(text).digest();
  return {
    issue: (caller) => {
      const claims = { ...caller, until: now() + LIVES_SECONDS * 1000 };
      const text = Buffer.from(JSON.stringify(claims)).toString('base64url');
      const access_token = `ya29.lab.${text}.${sign(text).toString('base64url')}`;
      return { access_token, expires_in: LIVES_SECONDS, token_type: 'Bearer' };
    },
    read: (authorization) => {
      const [, text = '', signature = ''] =
        /^Bearer ya29\.lab\.([\w-]+)\.([\w-]+)$/.exec(authorization ?? '') ?? [];
      const given = Buffer.from(signature, 'base64url');
      const right = sign(text);
      if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined;
      const { email, scopes, until } = JSON.parse(Buffer.from(text, 'base64url').toString()) as Caller & {
        readonly until: number;
      };
      return until > now() ? { email, scopes } : undefined;
    },
  };
}
