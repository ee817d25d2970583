/** `rollout sessions [relay…]`: every call that is left, and why it holds its relay. Reads only. */
import process from 'node:process';
import { EXIT } from '../../lib/errors.ts';
import type { CloudRelay } from '../core/fleet.ts';
import { type CallRow, callRows } from '../core/sessions.ts';
import { plural } from '../core/words.ts';
import { findRelay } from '../find-relay.ts';
import { placeOf } from '../ports.ts';
import { type FleetOptions, type Session, withSession } from '../session.ts';
import { settled, settledLimited } from '../settled.ts';
import { columns } from '../view/columns.ts';
import { wrap } from '../view/wrap.ts';

export type SessionsOptions = FleetOptions & { readonly json: boolean };

/** What one relay told: its calls, or why it told none. */
export type Told = { readonly zone: string; readonly relay: string } & (
  | { readonly calls: readonly CallRow[] }
  | { readonly silence: string }
);

const RELAYS_AT_ONCE = 16;

/** `names`: none = every relay. Exit code 3: a relay did not tell its calls, so what is shown is not all. */
export async function sessions(names: readonly string[], options: SessionsOptions): Promise<number> {
  return await withSession(options, async (session) => {
    const { cloud, file } = session;
    const views = await settled(file.cloud.zones.map((zone) => cloud.readZone(zone)));
    const relays = views.flatMap((view) => view.relays);
    const wanted = names.length === 0 ? relays : names.map((name) => findRelay(relays, name, file.name));
    const told = await settledLimited(wanted, RELAYS_AT_ONCE, (relay) => askCalls(session, relay));
    const text = options.json
      ? JSON.stringify({ fleet: file.name, relays: told })
      : callLines(told, process.stdout.isTTY ? process.stdout.columns : undefined).join('\n');
    process.stdout.write(`${text}\n`);
    return told.some((one) => 'silence' in one) ? EXIT.halted : EXIT.done;
  });
}

/** What one relay tells of its calls. */
export async function askCalls({ relays }: Session, relay: CloudRelay): Promise<Told> {
  const { zone, name, vm, address } = relay;
  if (vm.state === 'changing' || address === undefined)
    return { zone, relay: name, silence: `its VM is ${vm.detail}` };
  const list = await relays.calls(placeOf(relay));
  return list.kind === 'silence'
    ? { zone, relay: name, silence: list.reason }
    : { zone, relay: name, calls: callRows(list.calls) };
}

const HEAD = ['RELAY', 'AGE', 'LAST PACKET', 'SILENT', 'FROM', 'ENDING', 'EMPTY', 'CALL', 'WHY IT HOLDS'];

/** A table of all calls, and a line with their number. `width`: of the terminal, if it is one. */
export function callLines(told: readonly Told[], width = Number.POSITIVE_INFINITY): readonly string[] {
  const rows = told.flatMap((one) =>
    'calls' in one ? one.calls.map((call) => cellsOf(one.relay, call)) : [],
  );
  const silent = told.flatMap((one) =>
    'silence' in one ? [`${one.relay}: its calls are not known: ${one.silence}`] : [],
  );
  const relays = told.length - silent.length;
  const sum = `${plural(rows.length, 'call')} on ${plural(relays, 'relay')}`;
  return [...(rows.length === 0 ? [] : table(rows, width)), ...silent, sum];
}

/** Where it is too wide, what a call is called and why it holds its relay go on a line of their own. */
function table(rows: readonly (readonly string[])[], width: number): readonly string[] {
  const whole = columns([HEAD, ...rows]);
  if (whole.every((line) => line.length <= width)) return whole;
  const narrow = columns([HEAD, ...rows].map((row) => row.slice(0, -2)));
  return narrow.flatMap((line, index) => {
    const [callId = '', because = ''] = rows[index - 1]?.slice(-2) ?? [];
    return index === 0 ? [line] : [line, ...wrap(`  ${callId}: ${because}`, width)];
  });
}

function cellsOf(relay: string, call: CallRow): readonly string[] {
  const { ageSeconds, lastPacketSeconds, silent, foreign, ending, empty, callId, because } = call;
  const from = foreign === undefined ? '?' : foreign ? 'foreign' : 'own';
  return [
    relay,
    seconds(ageSeconds),
    empty === true ? '-' : seconds(lastPacketSeconds),
    empty === true ? '-' : yes(silent),
    from,
    yes(ending),
    yes(empty),
    callId,
    because,
  ];
}

function seconds(value: number | undefined): string {
  return value === undefined ? '?' : `${value} s`;
}

function yes(value: boolean | undefined): string {
  if (value === undefined) return '?';
  return value ? 'yes' : 'no';
}
