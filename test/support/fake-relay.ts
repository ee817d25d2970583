import { createServer } from 'node:net';
import type { NgDict } from '../../lib/ng/bencode.ts';
import { textAt } from '../../lib/ng/fields.ts';
import { openNgSocket } from '../../lib/ng/udp.ts';
import { openRelay, type Relay } from '../../lib/relay/relay.ts';
import { type Asked, reply, startNgServer } from './ng-server.ts';

/** The state of a peer that answers ng as RTPEngine 13.4 does; a test changes it while it runs. */
export type FakeState = {
  maxSessions: number;
  deleteDelay: number;
  /** Whole answers by command, in place of the usual ones; `silence` = none. */
  answers: { [command: string]: NgDict | 'silence' };
  /** CLI texts by command line, in place of the usual ones. */
  texts: { [line: string]: string };
  /** call-id → answer to `query`. */
  calls: Map<string, { foreign: boolean; deleted: boolean; query: NgDict }>;
  /** A `set` is answered with Success and not carried out. */
  deaf: boolean;
  /** `delete` with a from-tag, or of these calls, has no effect. */
  undeletable: Set<string>;
  own: number;
  foreign: number;
  uptime: string;
};

/** Answers real ng requests on a loopback port, and CLI commands on another if wanted (else over ng, as since mr13.2),
 * from a state that the test owns. For faults that a real RTPEngine cannot be brought to; what it does right is shown
 * on the real one in test/lab. */
export async function startFakeRelay(cli: 'port' | 'verb' = 'verb'): Promise<{
  relay: Relay;
  state: FakeState;
  asked: readonly Asked[];
  close: () => Promise<void>;
}> {
  const state: FakeState = {
    maxSessions: -1,
    deleteDelay: 30,
    answers: {},
    texts: {},
    calls: new Map(),
    deaf: false,
    undeletable: new Set(),
    own: 0,
    foreign: 0,
    uptime: '100',
  };
  const server = await startNgServer((asked) => {
    const answer = state.answers[asked.command] ?? answerOf(state, asked);
    return answer === 'silence' ? [] : [reply(asked, answer)];
  });
  const { host, port } = server;
  const place = { name: 'relay-a', host, ngPort: port, version: 'mr13.4.1.10' };
  const cliServer = cli === 'port' ? await startCli(state) : undefined;
  // Nothing is lost on the way, and what is asked is counted.
  const socket = openNgSocket({ retransmitAfterMs: [] });
  const relay = openRelay(cliServer === undefined ? place : { ...place, cliPort: cliServer.port }, socket);
  const close = async () => {
    relay.close();
    socket.close();
    cliServer?.close();
    await server.close();
  };
  return { relay, state, asked: server.asked, close };
}

async function startCli(state: FakeState): Promise<{ port: number; close: () => void }> {
  const server = createServer((connection) => {
    connection.on('error', () => {});
    connection.on('data', (line) => connection.end(cliText(state, line.toString().trimEnd())));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    close: () => server.close(),
  };
}

function answerOf(state: FakeState, { command, fields }: Asked): NgDict | 'silence' {
  const callId = textAt(fields, 'call-id') ?? '';
  switch (command) {
    case 'cli':
      return { result: 'ok', response: cliText(state, textAt(fields, 'body') ?? '') };
    case 'statistics':
      return statisticsOf(state);
    case 'list':
      return { result: 'ok', calls: [...state.calls.keys()] };
    case 'query': {
      const call = state.calls.get(callId);
      return call?.query ?? { result: 'error', 'error-reason': 'Unknown call-id' };
    }
    case 'delete':
      if (!state.undeletable.has(callId) && fields['from-tag'] === undefined) state.calls.delete(callId);
      return { result: 'ok' };
    default:
      return { result: 'error', 'error-reason': 'Unrecognized command' };
  }
}

function statisticsOf({ own, foreign, uptime }: FakeState): NgDict {
  const currentstatistics = {
    sessionsown: own,
    sessionsforeign: foreign,
    packetrate: 0,
    media_userspace: 0,
    media_kernel: 0,
    media_mixed: 0,
  };
  const totalstatistics = { uptime, managedsessions: 0, rejectedsessions: 0 };
  return { result: 'ok', statistics: { currentstatistics, totalstatistics } };
}

function cliText(state: FakeState, line: string): string {
  const text = state.texts[line];
  if (text !== undefined) return text;
  const [, name, value] = /^set (maxsessions|deletedelay) (-?\d+)$/.exec(line) ?? [];
  if (name === 'maxsessions' && !state.deaf) state.maxSessions = Number(value);
  if (name === 'deletedelay' && !state.deaf) state.deleteDelay = Number(value);
  if (name !== undefined) return `Success setting ${name} to ${value}\n`;
  if (line === 'list maxsessions') return `Maximum sessions configured on rtpengine: ${state.maxSessions}\n`;
  if (line === 'list deletedelay') return `${state.deleteDelay}\n`;
  if (line === 'list numsessions')
    return `Current sessions own: ${state.calls.size}\nCurrent sessions foreign: 0\n`;
  if (line === 'list sessions all') return sessionsText(state);
  return `Unknown or incomplete command::${line}\n`;
}

function sessionsText({ calls }: FakeState): string {
  if (calls.size === 0) return 'No sessions on this media relay.\n';
  const yes = (on: boolean) => (on ? 'y' : 'n');
  const lines = [...calls].map(
    ([id, { foreign, deleted, query }]) =>
      `ID: ${id.padStart(60)} | del:${yes(deleted)} | creat:${String(query.created).padStart(12)} | prx:127.0.0.1:1 | redis:-1 | frgn:${yes(foreign)} | rec:n\n`,
  );
  return lines.join('');
}
