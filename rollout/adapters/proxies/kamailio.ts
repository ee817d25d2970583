/**
 * Kamailio's rtpengine module over JSON-RPC. Measured with 5.6.3: `rtpengine.enable URL 0` is for good ("1(permanent)"), `1`
 * pings first and leaves a silent relay disabled for `rtpengine_disable_tout`; an unknown URL is 404. The state is that of
 * one Kamailio and lost when it restarts.
 */
import { FleetError } from '../../../lib/errors.ts';
import { isRecord } from '../../../lib/record.ts';
import { callProxy } from './json-rpc.ts';
import type { SipProxy, Socket, SocketState } from './sip-proxy.ts';

export function kamailio(url: string): SipProxy {
  const name = `Kamailio at ${url}`;
  const show = async () => socketsOf(name, await callProxy(url, 'rtpengine.show', ['all']));
  return {
    name,
    check: async () => void (await show()),
    show,
    enable: async (relay, on) => void (await callProxy(url, 'rtpengine.enable', [relay, on ? 1 : 0])),
  };
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
