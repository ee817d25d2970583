/** `rollout status`: where every relay stands, once or until Ctrl-C. Reads only. */
import process from 'node:process';
import { EXIT } from '../../lib/errors.ts';
import { agesIn } from '../ages.ts';
import { stateOf } from '../core/changes.ts';
import { type Eta, steadyEta } from '../core/eta.ts';
import { callsOn, type Fleet } from '../core/fleet.ts';
import { standingsOf } from '../core/plan.ts';
import { effectivePolicy, type Policy } from '../core/policy.ts';
import { type LastEnd, type Running, viewRunning } from '../running.ts';
import { controlPlace, type FleetOptions, observerOf, type Session, withSession } from '../session.ts';
import { etaLines } from '../view/eta.ts';
import { fleetLines } from '../view/fleet-table.ts';
import { blindLines, lastLines, runningLines } from '../view/running.ts';
import { watchLines } from '../view/watch.ts';

export type StatusOptions = FleetOptions & { readonly watch: boolean; readonly json: boolean };

const WATCH_MS = 1_000;
/** Cursor to the top left corner, clear to the end of the screen (ECMA-48). */
const REDRAW = '\u001b[H\u001b[J';

export async function status(options: StatusOptions): Promise<number> {
  return await withSession(options, async (session) => {
    const { file, clock } = session;
    const policy = effectivePolicy(file, { drain: true });
    const observer = observerOf(session, policy);
    const runs = viewRunning(await controlPlace(session));
    const stop = new AbortController();
    const onSignal = () => stop.abort();
    process.once('SIGINT', onSignal);
    for (let shown = ''; !stop.signal.aborted; ) {
      const fleet = await observer.observe();
      const run = await runs.look();
      const last = run === undefined ? await runs.last() : undefined;
      const redraws = options.watch && process.stdout.isTTY && !options.json;
      const seen = { run, last, blind: runs.blind(), etas: await etasOf(session, fleet) };
      const text = textOf(fleet, seen, policy, redraws ? 'screen' : options.json ? 'json' : 'lines');
      if (redraws) process.stdout.write(`${REDRAW}${text}\n`);
      else if (text !== shown) process.stdout.write(`${text}\n`);
      shown = text;
      if (!options.watch) break;
      await clock.sleep(WATCH_MS, stop.signal);
    }
    process.off('SIGINT', onSignal);
    runs.close();
    return EXIT.done;
  });
}

/** Of relays that drain, by name; calls are listed only where there is one. */
async function etasOf(session: Session, { relays }: Fleet): Promise<ReadonlyMap<string, Eta>> {
  const draining = relays.filter((relay) => relay.cordon !== undefined && Number(callsOn(relay)) > 0);
  if (draining.length === 0) return new Map();
  const ages = await agesIn(session, relays);
  return new Map(draining.map((relay) => [relay.name, steadyEta(Number(callsOn(relay)), ages)]));
}

type Seen = {
  readonly run: Running | undefined;
  readonly last: LastEnd | undefined;
  readonly blind: string | undefined;
  readonly etas: ReadonlyMap<string, Eta>;
};

function textOf(
  fleet: Fleet,
  { run, last, blind, etas }: Seen,
  policy: Policy,
  form: 'screen' | 'json' | 'lines',
): string {
  const relays = standingsOf(fleet, policy).map(stateOf);
  const below = [...etaLines(etas), ...runningLines(run), ...lastLines(last), ...blindLines(blind)];
  switch (form) {
    case 'json':
      return JSON.stringify({
        ...{ fleet: fleet.name, targets: fleet.targets },
        ...(run ? { run } : {}),
        ...(last ? { last: endIn(last) } : {}),
        ...(blind ? { blind } : {}),
        ...{ relays, eta: Object.fromEntries(etas) },
      });
    case 'screen': {
      const { columns = 80, rows = 24 } = process.stdout;
      return watchLines(fleet.targets, relays, below, { columns, rows }).join('\n');
    }
    case 'lines':
      return [...fleetLines(fleet.targets, relays), ...below].join('\n');
    default:
      return form satisfies never;
  }
}

/** Without the state of its relays, which is an old one by now. */
function endIn({ run, at, result, because, hint, reasons }: LastEnd): LastEnd {
  return {
    ...{ run, at, result, because },
    ...(hint === undefined ? {} : { hint }),
    ...(reasons === undefined ? {} : { reasons }),
  };
}
