/** `rollout pause|resume|abort`: tells the run that is on, from any shell. */
import process from 'node:process';
import { EXIT, FleetError } from '../../lib/errors.ts';
import { runningOwner } from '../adapters/lock.ts';
import { boxOf } from '../adapters/wishes.ts';
import { parseWish, type Wish, type WishKind, weigh } from '../core/wish.ts';
import { controlPlace, type FleetOptions, type Session, withSession } from '../session.ts';

export type WishOptions = FleetOptions & { readonly uncordon?: boolean };

/** Exit code 0 also when the run was told that before; 2 when none is on. */
export async function tellRun(kind: WishKind, options: WishOptions): Promise<number> {
  return await withSession(options, async (session) => {
    const place = await controlPlace(session);
    const running = await runningOwner(place);
    if (running === undefined) throw noRun(place.fleet);
    const { owner, shared } = running;
    const box = await boxOf(owner, shared, place);
    try {
      const current = parseWish(await box.read(), owner.run);
      const wish = wishOf(kind, options, owner.run, session);
      const verdict = weigh(current, wish);
      if (verdict === 'new') await box.write(JSON.stringify(wish));
      const what =
        verdict === 'new' ? `${WORDS[kind]} (told through ${box.where})` : STANDS[verdict](current);
      process.stdout.write(`run ${owner.run} of ${owner.by}: ${what}\n`);
      return EXIT.done;
    } finally {
      box.close();
    }
  });
}

function wishOf(kind: WishKind, { uncordon = false }: WishOptions, run: string, session: Session): Wish {
  return { run, kind, uncordon, by: session.by, at: session.clock.now() };
}

const WORDS = {
  pause: 'pauses with its next look; drains in hand go on, nothing new is begun',
  resume: 'goes on with its next look',
  abort: 'ends after what is in hand',
} as const satisfies Record<WishKind, string>;

const STANDS = {
  same: (current: Wish | undefined) =>
    current === undefined ? 'it is not paused' : `${current.kind} was asked already, by ${current.by}`,
  ending: (current: Wish | undefined) => `it ends, as ${current?.by} asked; nothing is changed`,
} as const;

function noRun(fleet: string): FleetError {
  return new FleetError({
    kind: 'usage',
    code: 'no-run',
    message: `No rollout of the fleet ${fleet} is on.`,
    hint: 'See how it stands: rollout status; start one: rollout --drain.',
  });
}
