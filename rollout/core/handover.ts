/** What may be handed over from one RTPEngine to another while it is up, and what that cost. Pure. */
import { FleetError } from '../../lib/errors.ts';
import { hazardsOf } from '../../lib/hazards.ts';
import type { CallMedia } from '../../lib/relay/call-media.ts';
import type { RedisUse } from '../../lib/relay/redis-use.ts';
import { restoreOf } from '../../lib/restores.ts';

/** One of the two, as it was found. */
export type Party = { readonly name: string; readonly version: string; readonly use: RedisUse | undefined };

/** The databases of a hand-over: each party's own, and the one through which copies go. */
export type Databases = { readonly giver: number; readonly taker: number; readonly through: number };

/** Rejects with FleetError `usage`, before anything was touched, where these two cannot hand calls over. */
export function databasesOf(giver: Party, taker: Party, through: number): Databases {
  const { kind, source } = restoreOf(giver.version, taker.version);
  if (kind !== 'restores')
    throw refused(
      `calls of RTPEngine ${giver.version} cannot be handed to ${taker.version} (${kind}: ${source})`,
      'Drain the relay instead: rollout drain, or rollout --drain.',
    );
  const databases = { giver: ownDatabase(giver), taker: ownDatabase(taker), through };
  if (new Set(Object.values(databases)).size < 3)
    throw refused(
      `giver, taker and copies need a database each, and use ${Object.values(databases).join(', ')}`,
      'Give each RTPEngine its own database (redis = HOST:PORT/NUMBER), and name an empty one with --through.',
    );
  if ((taker.use?.watched.length ?? 0) === 0)
    throw refused(
      `${taker.name} was started without subscribe-keyspace, so it cannot take calls over while it runs`,
      'Start it with subscribe-keyspace = the number of a database that nobody uses.',
    );
  return databases;
}

/** Rejects with FleetError `usage` where there is no one database of its own. */
export function ownDatabase({ name, use }: Pick<Party, 'name' | 'use'>): number {
  const [database, ...others] = use?.databases ?? [];
  if (database !== undefined && others.length === 0) return database;
  const found = use === undefined ? 'does not tell how it uses Redis' : 'has no one database in Redis';
  throw refused(`${name} ${found}`, 'A hand-over needs redis = HOST:PORT/NUMBER on both.');
}

function refused(message: string, hint: string): FleetError {
  return new FleetError({ kind: 'usage', code: 'handover', message, hint });
}

/** Flags and protocols of media that a restored call has again in full: RTP and SDES were measured with 10.5, 12.5 and 26.0, the
 * other flags are settings that daemon/redis.c keeps as they are. */
const RESTORED_FLAGS: ReadonlySet<string> = new Set([
  ...['initialized', 'asymmetric', 'send', 'recv', 'rtcp-mux', 'passthrough', 'unidirectional', 'SDES'],
  ...['loop check', 'RTCP feedback', 'ptime-override', 'SDES reordered', 'ICE controlling', 'ICE-lite self'],
]);
const RESTORED_PROTOCOLS: ReadonlySet<string> = new Set(['RTP/AVP', 'RTP/AVPF', 'RTP/SAVP', 'RTP/SAVPF']);

export type Movability = {
  /** Undefined: the relay does not tell. */
  readonly media: CallMedia | undefined;
  /** As the giver keeps it in Redis; undefined: it does not. */
  readonly kept: Uint8Array | undefined;
};

/** `presence of this key determines whether we were recording at all` (daemon/redis.c, mr10.5.3.5 to mr26.2.1.1). */
const RECORDED = 'recording_meta_prefix';

export type Fate =
  | { readonly kind: 'moves' }
  /** Its media is at another address of the giver: it goes on there. */
  | { readonly kind: 'elsewhere' }
  /** Nothing moves as long as it is up. */
  | { readonly kind: 'blocks'; readonly because: string };

/** What becomes of a call when this address moves. What is not known blocks. */
export function fateOf(call: Movability, version: string, address: string): Fate {
  const { media } = call;
  if (media === undefined) return { kind: 'blocks', because: 'the relay does not tell its media' };
  const { addresses } = media;
  const known = addresses.length > 0 && !addresses.includes('unknown');
  if (known && !addresses.includes(address)) return { kind: 'elsewhere' };
  const other = addresses.find((one) => one !== address);
  if (other !== undefined) return { kind: 'blocks', because: `some of its media is at ${other}` };
  const because = blocksBecause(media, call.kept, version);
  return because === undefined ? { kind: 'moves' } : { kind: 'blocks', because };
}

function blocksBecause(media: CallMedia, kept: Uint8Array | undefined, version: string): string | undefined {
  if (kept === undefined) return 'the relay keeps nothing of it in Redis';
  if (Buffer.from(kept).includes(RECORDED)) return 'it is being recorded';
  const protocol = media.protocols.find((one) => !RESTORED_PROTOCOLS.has(one));
  if (protocol !== undefined) return `its keys are agreed by DTLS, or are unknown (${protocol})`;
  const flag = media.flags.find((one) => !RESTORED_FLAGS.has(one));
  if (flag !== undefined) return `its media is ${flag}`;
  const losesKeys = hazardsOf(version).some(({ id }) => id === 'sdes-keys-lost');
  return losesKeys && media.flags.includes('SDES')
    ? 'this version may lose its SRTP keys (sdes-keys-lost)'
    : undefined;
}

/**
 * Packets of one call that neither relay heard: of each stream, how far its numbers went on, less what the taker heard of
 * them. `unknown` where one of them does not tell (10.5), or nothing was heard. Late packets may still come: at most.
 */
export function gapOf(before: CallMedia, after: CallMedia): number | 'unknown' {
  const gaps = before.heard.flatMap(({ ssrc, lastSequence }) => {
    const now = after.heard.find((one) => one.ssrc === ssrc);
    if (now === undefined) return [];
    const sent = (now.lastSequence - lastSequence + 65_536) % 65_536;
    return [Math.max(0, sent - now.packets)];
  });
  return gaps.length === 0 ? 'unknown' : Math.max(...gaps);
}

/** What is written down before each irreversible act; whoever goes on starts there. */
export type Stage =
  /** The address is, or soon will be, with the taker. */
  | 'moving'
  /** The taker carries the calls and owns them; the giver's are to be ended. */
  | 'taken';

export type Note = {
  readonly giver: string;
  readonly taker: string;
  readonly stage: Stage;
  readonly calls: readonly string[];
  /** Media flowed when the address was moved. */
  readonly talking: boolean;
  /** The address that moves; absent in notes of older versions. */
  readonly address?: string;
};

/** The note that a text holds; undefined: none. Damaged: FleetError `stop`. */
export function parseNote(text: string | undefined): Note | undefined {
  if (text === undefined) return undefined;
  try {
    const { giver, taker, stage, calls, talking, address } = JSON.parse(text) as Partial<Note>;
    const known = stage === 'moving' || stage === 'taken';
    const named = typeof giver === 'string' && typeof taker === 'string';
    if (known && named && Array.isArray(calls))
      return {
        ...{ giver, taker, stage, calls, talking: talking === true },
        ...(typeof address === 'string' ? { address } : {}),
      };
  } catch {
    // Told below, with what to do.
  }
  throw new FleetError({
    kind: 'stop',
    code: 'handover-note',
    message: 'The note of an earlier hand-over in Redis cannot be read.',
    hint: 'See which of the two RTPEngines has the address and the calls, then delete the key rtpfleet:handover.',
  });
}
