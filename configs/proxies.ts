/** What a SIP proxy needs to use the relays of a stack, made from the stack's outputs. */
import { readFileSync } from 'node:fs';
import { FleetError } from '../lib/errors.ts';
import { render } from './render.ts';

export const PROXIES = ['kamailio', 'opensips'] as const;
export type SipProxy = (typeof PROXIES)[number];

/** RTPEngine's own end of any call, by default (`rtpengine.finalTimeoutSeconds` of the fleet file). */
export const LONGEST_CALL_SECONDS = 86_400;

/**
 * The proxy's configuration for the relays, to be included in its own.
 * @param outputs a stack's outputs: `pulumi stack output --json`, `pnpm lab apply --json`
 * @throws FleetError `usage`, code `stack-outputs`: they are not those of a stack, or name no relay.
 */
export function proxyConfig(
  proxy: SipProxy,
  outputs: unknown,
  longestCallSeconds = LONGEST_CALL_SECONDS,
): string {
  const { fleet, relays, ...lines } = (outputs ?? {}) as Readonly<Record<string, unknown>>;
  const sockets = lines[proxy];
  if (typeof fleet !== 'string' || typeof sockets !== 'string') throw wrong('are not those of a stack');
  if (!Array.isArray(relays) || relays.length === 0) throw wrong(`of fleet ${fleet} name no relay`);
  const file = `${import.meta.dirname}/templates/proxies/${proxy}.cfg`;
  const values = proxy === 'kamailio' ? { fleet, sockets, longestCallSeconds } : { fleet, sockets };
  return render(readFileSync(file, 'utf8'), values, file);
}

function wrong(what: string): FleetError {
  return new FleetError({
    kind: 'usage',
    code: 'stack-outputs',
    message: `The outputs ${what}.`,
    hint: 'Give those of `pulumi stack output --json` or `pnpm --silent lab apply --json`.',
  });
}
