/**
 * Kamailio's rtpengine module over JSON-RPC. Measured with 5.6.3: `rtpengine.enable URL 0` is for good ("1(permanent)"), `1`
 * pings first and leaves a silent relay disabled for `rtpengine_disable_tout`; an unknown URL is 404. The state is that of
 * one Kamailio and lost when it restarts.
 */
import { FleetError } from '../../../lib/errors.ts';
import { isRecord } from '../../../lib/record.ts';
import { callProxy } from './json-rpc.ts';
import type { Patience, SipProxy, Socket, SocketState } from './sip-proxy.ts';

export type KamailioEntry = {
  readonly url: string;
  /** Most that it waits for a relay while one is switched off; absent: its patience is left as it is. */
  readonly whileAway?: Waits;
};

type Waits = { readonly timeoutMs: number; readonly tries: number };

export function kamailio({ url, whileAway }: KamailioEntry): SipProxy {
  const name = `Kamailio at ${url}`;
  const show = async () => socketsOf(name, await callProxy(url, 'rtpengine.show', ['all']));
  return {
    name,
    check: async () => {
      await show();
      if (whileAway !== undefined) await waitsOf(name, url);
    },
    show,
    enable: async (relay, on) => void (await callProxy(url, 'rtpengine.enable', [relay, on ? 1 : 0])),
    patience: whileAway === undefined ? undefined : patienceOf(name, url, whileAway),
  };
}

const VARIABLES = { timeoutMs: 'rtpengine_tout_ms', tries: 'rtpengine_retr' } as const;

/** `cfg.reset` goes back to what the configuration file says (measured with 5.6.3), so nothing has to be remembered. */
function patienceOf(name: string, url: string, most: Waits): Patience {
  return {
    shorten: async () => {
      const now = await waitsOf(name, url);
      for (const key of ['timeoutMs', 'tries'] as const)
        if (now[key] > most[key]) await callProxy(url, 'cfg.seti', ['rtpengine', VARIABLES[key], most[key]]);
    },
    restore: async () => void (await callProxy(url, 'cfg.reset', ['rtpengine'])),
  };
}

async function waitsOf(name: string, url: string): Promise<Waits> {
  const read = async (variable: string) => {
    const value = await callProxy(url, 'cfg.get', ['rtpengine', variable]).catch((error: unknown) => {
      throw error instanceof FleetError && error.code === 'proxy-refused' ? noVariables(name, error) : error;
    });
    if (typeof value !== 'number') throw unreadable(name);
    return value;
  };
  return { timeoutMs: await read(VARIABLES.timeoutMs), tries: await read(VARIABLES.tries) };
}

function noVariables(name: string, cause: FleetError): FleetError {
  return new FleetError({
    kind: 'usage',
    code: 'proxy-variables',
    message: `${name} does not tell how long it waits for a relay, which \`proxies[].whileAway\` is to change.`,
    hint: 'Load its module cfg_rpc.so, or take `whileAway` out of the fleet file.',
    cause,
  });
}

/** Of a single relay Kamailio 5.6.3 answers a list as well. */
function socketsOf(name: string, answer: unknown): readonly Socket[] {
  if (!Array.isArray(answer)) throw unreadable(name);
  return answer.map((entry) => {
    if (!isRecord(entry) || typeof entry.url !== 'string') throw unreadable(name);
    return { url: entry.url, set: Number(entry.set ?? 0), state: stateOf(entry.disabled) };
  });
}

/** 0, 1, or the text "1(permanent)": src/modules/rtpengine/rtpengine.c@5.6.3. */
function stateOf(disabled: unknown): SocketState {
  if (disabled === 0) return 'on';
  return disabled === 1 ? 'ailing' : 'off';
}

function unreadable(name: string): FleetError {
  return new FleetError({
    kind: 'stop',
    code: 'proxy-answer',
    message: `${name} lists its relays in a form that rollout does not know.`,
    hint: 'Take it out of `proxies` in the fleet file: a proxy moves new calls by itself on `load limit`.',
  });
}
