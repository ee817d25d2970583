/** Proxies that no longer know which relay a long call is on. Pure. */
import type { Fleet as FleetFile } from '../../configs/fleet.ts';

/** Default of `hash_table_tout`, src/modules/rtpengine/rtpengine.c@5.6.3. */
const USUAL_SECONDS = 3_600;

/** As a trouble of the cloud: what a person should know, and the way out. */
type Warning = { readonly kind: 'warn'; readonly message: string; readonly next: string };

/**
 * Kamailio looks for a call that is older than its `hash_table_tout` on the relay that it would choose for a new one, which
 * is another one when the call began during a drain (measured with 5.6.3: re-INVITEs and BYEs go astray).
 * @param ages seconds for which calls are up
 */
export function forgetful(proxies: FleetFile['proxies'], ages: readonly number[]): readonly Warning[] {
  const oldest = Math.floor(ages.reduce((most, age) => Math.max(most, age), 0));
  return proxies
    .map(({ hashTableSeconds = USUAL_SECONDS, ...proxy }) => ({ hashTableSeconds, ...proxy }))
    .filter(({ kind, hashTableSeconds }) => kind === 'kamailio' && oldest > hashTableSeconds)
    .map(({ url, hashTableSeconds }) => ({
      kind: 'warn',
      message: `The oldest call is up for ${oldest} s, and Kamailio at ${url} forgets after ${hashTableSeconds} s which relay has a call: what it is then sent may go to another.`,
      next: 'Set its hash_table_tout longer than any call, and hashTableSeconds in the fleet file to the same.',
    }));
}
