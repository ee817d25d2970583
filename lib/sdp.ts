import { isIP } from 'node:net';
import { FleetError } from './errors.ts';

/** One audio stream of an SDP body (RFC 8866). */
export type AudioSdp = {
  /** IPv4 or IPv6 literal where RTP is wanted. */
  readonly address: string;
  /** RTP port; 0 = the stream is refused. */
  readonly port: number;
  /** RTP payload types in order of preference: 0 = PCMU, 8 = PCMA. */
  readonly payloadTypes: readonly number[];
  readonly direction: Direction;
};
export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

export const PCMU = 0;
export const PCMA = 8;
const CODEC_NAMES: ReadonlyMap<number, string> = new Map([
  [PCMU, 'PCMU/8000'],
  [PCMA, 'PCMA/8000'],
]);
const DIRECTIONS: readonly string[] = ['sendrecv', 'sendonly', 'recvonly', 'inactive'];

/** Writes the SDP of one G.711 stream. `sessionId` identifies its author: RTPEngine compares it between offers. */
export function buildSdp(audio: AudioSdp, sessionId: number): string {
  const family = isIP(audio.address);
  if (family === 0) throw bad(`${audio.address} is not an IP address`);
  if (!isPort(audio.port)) throw bad(`${audio.port} is not a port`);
  const where = `IN IP${family} ${audio.address}`;
  const lines = [
    'v=0',
    `o=- ${sessionId} 1 ${where}`,
    's=-',
    `c=${where}`,
    't=0 0',
    `m=audio ${audio.port} RTP/AVP ${audio.payloadTypes.join(' ')}`,
    ...audio.payloadTypes.map(rtpmap),
    `a=${audio.direction}`,
    'a=ptime:20',
  ];
  return `${lines.join('\r\n')}\r\n`;
}

/** Reads the first audio stream of an SDP body. Throws code `sdp` (kind retry: a peer wrote it) with the reason. */
export function parseSdp(text: string): AudioSdp {
  const lines = text.split(/\r?\n/).filter((line) => line !== '');
  if (lines[0] !== 'v=0') throw bad('it does not begin with v=0');
  const media = lines.findIndex((line) => line.startsWith('m=audio '));
  if (media < 0) throw bad('it has no audio stream');
  const next = lines.findIndex((line, index) => index > media && line.startsWith('m='));
  const session = lines.slice(
    0,
    lines.findIndex((line) => line.startsWith('m=')),
  );
  const stream = lines.slice(media, next < 0 ? undefined : next);
  return {
    address: parseAddress(findValue(stream, 'c=') ?? findValue(session, 'c=')),
    ...parseMedia(stream[0] ?? ''),
    direction: findDirection(stream) ?? findDirection(session) ?? 'sendrecv',
  };
}

function parseMedia(line: string): Pick<AudioSdp, 'port' | 'payloadTypes'> {
  const found = /^m=audio (\d{1,5})(?:\/\d+)? RTP\/\S+((?: \d{1,3})+)$/.exec(line);
  const port = Number(found?.[1]);
  if (found === null || !isPort(port)) throw bad(`its media line is ${JSON.stringify(line)}`);
  return { port, payloadTypes: (found[2] ?? '').trim().split(' ').map(Number) };
}

function parseAddress(connection: string | undefined): string {
  if (connection === undefined) throw bad('it has no connection address');
  const [, family, address = ''] = /^IN IP([46]) (\S+)$/.exec(connection) ?? [];
  if (family === undefined || isIP(address) !== Number(family))
    throw bad(`its connection address is ${JSON.stringify(connection)}`);
  return address;
}

function findValue(lines: readonly string[], prefix: string): string | undefined {
  return lines.find((line) => line.startsWith(prefix))?.slice(prefix.length);
}

function findDirection(lines: readonly string[]): Direction | undefined {
  const found = lines.find((line) => line.startsWith('a=') && DIRECTIONS.includes(line.slice(2)));
  return found?.slice(2) as Direction | undefined;
}

function rtpmap(payloadType: number): string {
  const name = CODEC_NAMES.get(payloadType);
  if (name === undefined) throw bad(`payload type ${payloadType} is neither PCMU (0) nor PCMA (8)`);
  return `a=rtpmap:${payloadType} ${name}`;
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 0 && port <= 65_535;
}

function bad(what: string): FleetError {
  return new FleetError({ kind: 'retry', code: 'sdp', message: `an SDP body cannot be used: ${what}` });
}
