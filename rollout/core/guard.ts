/**
 * The delete guard: the one function that says whether a relay may be replaced. Pure.
 * It wants positive evidence and nothing else counts: what is not known is not zero.
 */
import type { Cordon, Look, Relay } from './fleet.ts';
import { plural } from './words.ts';

export type GuardVerdict =
  | { readonly kind: 'empty'; readonly because: string }
  | { readonly kind: 'keep'; readonly because: string };

/** What the guard looks at. */
export type Guarded = Pick<Relay, 'id' | 'vm' | 'cordon' | 'looks' | 'floating'>;

/**
 * May this VM be deleted? Only when its last `goodAnswers` looks are all answers, all newer than its cordon, of one
 * process that did not restart in between, and each says: cordoned, no own and no foreign call, no packet in the
 * last second, no media in the last two. Own alone is not enough (measured: after an address moved, a relay carries
 * the media of calls that it counts as foreign). Never while it has the address of another relay, whatever it looks like.
 */
export function deleteGuard(relay: Guarded, goodAnswers: number): GuardVerdict {
  const { cordon } = relay;
  const [other] = relay.floating?.carries ?? [];
  if (other !== undefined) return keep(`it has the address of ${other}`);
  if (relay.id === undefined || relay.vm.state !== 'ready') return keep(`its VM is ${relay.vm.detail}`);
  if (cordon === undefined) return keep('it is not cordoned');
  const window = relay.looks.slice(-goodAnswers);
  // The newest first: its flaw is the one that people want to read.
  for (const [index, look] of [...window.entries()].toReversed()) {
    const flaw = flawOf(look, window[index - 1], cordon);
    if (flaw !== undefined) return keep(flaw);
  }
  if (window.length < goodAnswers) return keep(`${window.length} of ${goodAnswers} answers without a call`);
  return {
    kind: 'empty',
    because: `${goodAnswers} answers in a row, all newer than the cordon, show no call, packet or media`,
  };
}

/** True when the newest look alone is as good as the guard wants it: the drain is at its end. */
export function looksEmpty({ looks, cordon }: Guarded): boolean {
  const newest = looks.at(-1);
  return newest !== undefined && cordon !== undefined && flawOf(newest, undefined, cordon) === undefined;
}

/** Why a look is no evidence; undefined: it is. */
function flawOf(look: Look, previous: Look | undefined, cordon: Cordon): string | undefined {
  if (look.kind === 'silence') return `it does not answer: ${look.reason}`;
  if (look.at <= cordon.at) return 'its last answers are older than its cordon';
  if (look.limit !== 0) return 'it takes calls';
  const calls = look.own + look.foreign;
  if (calls > 0) {
    const ofOthers = look.foreign === 0 ? '' : `, ${look.foreign} of them taken over from another relay`;
    return `${plural(calls, 'call')} left${ofOthers}`;
  }
  if (look.packetRate > 0) return `it still relays ${look.packetRate} packets a second`;
  if (look.media > 0) return `media flows on ${look.media} of its streams`;
  const restarted = previous?.kind === 'answer' && look.uptime < previous.uptime;
  return restarted ? 'it restarted between two answers' : undefined;
}

function keep(because: string): GuardVerdict {
  return { kind: 'keep', because };
}
