/** A real Kamailio with a fleet's configuration, and calls through it by SIPp; each on an address of its own, ports as on a server. */
import { type ChildProcess, fork, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StreamCounts } from '../../lib/rtp.ts';

const SCENARIOS = join(import.meta.dirname, 'sip');

/** Everything is written into this folder. */
export type SipPlace = {
  readonly folder: string;
  readonly proxy: string;
  readonly caller: string;
  readonly callee: string;
};

/** Routes that do nothing but what rtpfleet's own need. */
function proxyConfig({ folder, proxy, callee }: SipPlace): string {
  const modules = ['tm', 'sl', 'rr', 'pv', 'textops', 'siputils'].map((name) => `loadmodule "${name}.so"`);
  return `#!KAMAILIO
log_stderror=yes
children=2
disable_tcp=yes
listen=udp:${proxy}:5060
${modules.join('\n')}
include_file "${folder}/rtpfleet.cfg"
request_route {
    route(RTPFLEET);
    if (has_totag()) {
        if (loose_route()) {
            t_on_reply("ANSWER");
            t_relay();
        }
        exit;
    }
    record_route();
    $du = "sip:${callee}:5060";
    t_on_reply("ANSWER");
    t_relay();
}
onreply_route[ANSWER] { route(RTPFLEET); }
`;
}

export type RunningProxy = { readonly stop: () => Promise<void>; readonly log: () => string };

/** Writes the configuration, has Kamailio check it, and starts it. */
export async function startKamailio(place: SipPlace, rtpfleet: string): Promise<RunningProxy> {
  const { folder } = place;
  writeFileSync(join(folder, 'rtpfleet.cfg'), rtpfleet);
  writeFileSync(join(folder, 'kamailio.cfg'), proxyConfig(place));
  const config = ['-f', join(folder, 'kamailio.cfg')];
  const check = spawnSync('kamailio', ['-c', ...config], { encoding: 'utf8' });
  if (check.status !== 0) throw new Error(`kamailio -c: ${check.stderr}`);
  const child = spawn('kamailio', [...config, '-DD', '-E', '-w', folder, '-Y', folder], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (text) => {
    log += text;
  });
  await answers(place, child, () => log);
  return { log: () => log, stop: () => end(child) };
}

/** OPTIONS without a route is not answered, so its sockets are looked for. */
async function answers({ proxy }: SipPlace, child: ChildProcess, log: () => string): Promise<void> {
  const [first = 0, second = 0, third = 0, fourth = 0] = proxy.split('.').map(Number);
  const hex = [fourth, third, second, first].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  const socket = `${hex.toUpperCase()}:${(5060).toString(16).toUpperCase().padStart(4, '0')}`;
  for (let tries = 0; tries < 200; tries += 1) {
    if (child.exitCode !== null) break;
    // Its children, which take the requests, are there once the relays were asked.
    if (readFileSync('/proc/net/udp', 'utf8').includes(socket) && log().includes('rtpengine')) return;
    await sleep(50);
  }
  if (child.exitCode !== null) throw new Error(`kamailio ended with ${child.exitCode}: ${log()}`);
}

function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}

export type SipCall = {
  /** Exit codes of SIPp: 0 = the call went as its scenario says. */
  readonly caller: number | null;
  readonly callee: number | null;
  /** Where each side was told to send its media: the address in the last SDP that it got. */
  readonly callerSendsTo: string | undefined;
  readonly calleeSendsTo: string | undefined;
};

/** INVITE, 200, ACK, three seconds of speech both ways, BYE. */
export async function callOnce({ folder, proxy, caller, callee }: SipPlace): Promise<SipCall> {
  // A second of PCMU; what it says does not matter.
  writeFileSync(join(folder, 'speech.ulaw'), Buffer.alloc(8_000, 0x55));
  const answering = sipp(folder, 'callee', callee, [
    '-m',
    '1',
    '-rtp_echo',
    '-mp',
    '6000',
    '-key',
    'speech_port',
    '6000',
  ]);
  await sleep(500);
  const calling = sipp(folder, 'caller', caller, ['-m', '1', `${proxy}:5060`]);
  const codes = await Promise.all([calling.ended, answering.ended]);
  return {
    ...{ caller: codes[0], callee: codes[1] },
    callerSendsTo: received(folder, 'caller', '200 OK').at(-1),
    calleeSendsTo: received(folder, 'callee', 'INVITE').at(-1),
  };
}

export type SipCalls = {
  /** Places no further call, waits for those that are up, and tells how all went. */
  readonly stop: () => Promise<{
    /** Exit code of SIPp: 0 = every call went as its scenario says. */
    readonly caller: number | null;
    /** What SIPp said of calls that went otherwise. */
    readonly errors: string;
    /** Speech that arrived at the callee, by call. */
    readonly streams: readonly StreamCounts[];
    /** Addresses of the relays that the callee was told, in the order of the calls. */
    readonly relays: readonly string[];
  }>;
};

/** Two calls a second, with speech that is counted at the callee and sent back, until they are stopped, or `most` were placed. */
export async function startCalls(
  { folder, proxy, caller, callee }: SipPlace,
  most?: number,
): Promise<SipCalls> {
  writeFileSync(join(folder, 'speech.ulaw'), Buffer.alloc(8_000, 0x55));
  const ear = fork(join(import.meta.dirname, 'speech-counter.ts'), [callee], { execArgv: [] });
  const [port] = await once(ear, 'message');
  const answering = sipp(folder, 'callee', callee, ['-key', 'speech_port', String(port)]);
  await sleep(500);
  const amount = most === undefined ? [] : ['-m', String(most)];
  const calling = sipp(folder, 'caller', caller, ['-r', '1', '-rp', '500', ...amount, `${proxy}:5060`]);
  return {
    stop: async () => {
      if (most === undefined) calling.child.kill('SIGUSR1');
      const code = await calling.ended;
      // It has no last call of its own.
      answering.child.kill('SIGKILL');
      await answering.ended;
      ear.send('stop');
      const [streams] = (await once(ear, 'message')) as [readonly StreamCounts[]];
      ear.disconnect();
      const errors = readIfThere(join(folder, 'caller.errors'));
      return { caller: code, errors, streams, relays: received(folder, 'callee', 'INVITE') };
    },
  };
}

/** SIPp makes the file at its first error. */
function readIfThere(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

type Sipp = { readonly child: ChildProcess; readonly ended: Promise<number | null> };

function sipp(folder: string, role: string, address: string, more: readonly string[]): Sipp {
  const own = ['-i', address, '-p', '5060', '-mi', address, '-nostdin', '-timeout', '300'];
  const log = [
    ...['-trace_msg', '-message_file', join(folder, `${role}.log`)],
    ...['-trace_err', '-error_file', join(folder, `${role}.errors`)],
  ];
  const args = ['-sf', join(SCENARIOS, `${role}.xml`), ...own, ...log, ...more];
  const child = spawn('sipp', args, { cwd: folder, stdio: 'ignore' });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  return { child, ended };
}

/** The addresses in the SDP of all messages of this kind that were received with one. */
function received(folder: string, role: string, kind: string): readonly string[] {
  const messages = readFileSync(join(folder, `${role}.log`), 'utf8').split(/^-{20,}.*$/m);
  return messages
    .filter((text) => /received/.test(text) && text.includes(kind))
    .flatMap((text) => /^c=IN IP4 (\S+)/m.exec(text)?.[1] ?? []);
}
