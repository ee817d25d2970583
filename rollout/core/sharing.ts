/** Do relays read each other's calls in Redis, and may the versions of a rollout do that? Pure. */
import { FleetError } from '../../lib/errors.ts';
import type { RedisUse } from '../../lib/relay/redis-use.ts';
import { canShare, restoreOf } from '../../lib/restores.ts';
import { parseVersion } from '../../lib/version.ts';
import type { Fleet } from './fleet.ts';

/** What one relay said of its Redis; undefined: nothing. */
export type Told = { readonly relay: string; readonly use: RedisUse | undefined };

export type Step = { readonly from: string; readonly to: string };

/** Versions that would run side by side during a rollout, though one deletes, or may delete, what the other wrote. Those
 * whose version nobody tells count as such too. */
export function unsafeSteps({ relays, targets }: Fleet): readonly Step[] {
  const steps = relays.flatMap(({ onTarget, zone, version }) => {
    const target = targets.find((one) => one.zone === zone);
    return onTarget || target === undefined
      ? []
      : [{ from: version ?? 'unknown', to: target.version ?? 'unknown' }];
  });
  const each = new Map(steps.map((step) => [`${step.from} ${step.to}`, step]));
  return [...each.values()].filter(({ from, to }) => !mayShare(from, to));
}

function mayShare(from: string, to: string): boolean {
  const told = parseVersion(from) !== undefined && parseVersion(to) !== undefined;
  return told && canShare(from, to);
}

/** Lines of `rtpengine.options` by which relays read or write other databases than their own. */
const SHARING_OPTIONS = ['subscribe-keyspace', 'redis-write', 'redis-subscribe'] as const;

/** One phrase for each way in which relays of this fleet share call state; none: they do not. */
export function sharingOf(
  options: Readonly<Record<string, unknown>>,
  told: readonly Told[],
): readonly string[] {
  const wanted = SHARING_OPTIONS.filter((name) => options[name] !== undefined);
  const uses = told.flatMap(({ relay, use }) => (use === undefined ? [] : [{ relay, ...use }]));
  const watching = uses.flatMap(({ relay, watched }) =>
    watched.length === 0 ? [] : [`${relay} watches database ${watched.join(', ')}`],
  );
  return [...wanted.map((name) => `rtpengine.options sets ${name}`), ...watching, ...commonDatabases(uses)];
}

type Use = RedisUse & { readonly relay: string };

/** A version that does not say where its Redis is may mean the same one as any other. */
function commonDatabases(uses: readonly Use[]): readonly string[] {
  const numbers = [...new Set(uses.flatMap(({ databases }) => databases))];
  return numbers.flatMap((database) => {
    const users = uses.filter(({ databases }) => databases.includes(database));
    const places = new Set(users.map(({ at }) => at));
    const mixed = places.has(undefined) || places.size < users.length;
    if (users.length < 2 || !mixed) return [];
    const names = users.map(({ relay }) => relay);
    const more = names.length > 3 ? ` and ${names.length - 3} more` : '';
    return [`${names.slice(0, 3).join(', ')}${more} keep calls in the same database ${database}`];
  });
}

/** The refusal of a rollout; undefined: it may begin. */
export function sharingRefusal(steps: readonly Step[], ways: readonly string[]): FleetError | undefined {
  const [step] = steps;
  if (step === undefined || ways.length === 0) return undefined;
  const { from, to } = step;
  return new FleetError({
    kind: 'usage',
    code: 'redis-shared',
    message: `RTPEngine ${from} and ${to} cannot share call state in Redis (${whyNot(from, to)}), and relays of this fleet do: ${ways.join('; ')}.`,
    hint: 'No relay was touched. First give each relay a database of its own that no other watches, by a rollout of the RTPEngine version that runs now; then roll out the other version.',
  });
}

function whyNot(from: string, to: string): string {
  if (parseVersion(from) === undefined || parseVersion(to) === undefined) return 'one of them is not told';
  const ways = [
    [from, to],
    [to, from],
  ] as const;
  const worst = ways.find(([a, b]) => restoreOf(a, b).kind === 'deletes');
  return worst === undefined
    ? 'nobody has seen that they can'
    : `${worst[1]} deletes the calls that ${worst[0]} wrote`;
}
