import { randomInt, randomUUID } from 'node:crypto';
import type { NgClient } from '../../lib/ng/client.ts';
import { answer, deleteCall, offer, type SdpReply } from '../../lib/ng/commands.ts';
import { openRtpSocket, type RtpSocket } from '../../lib/rtp-socket.ts';
import { buildSdp, PCMU, parseSdp } from '../../lib/sdp.ts';

/** A call as a proxy makes it, with speech both ways until it is hung up. */
export type LiveCall = {
  readonly callId: string;
  /** Stops the speech, waits for what is on its way, deletes the call as a proxy does (by tag). */
  readonly hangUp: () => Promise<void>;
  /** The SIP way: the call is deleted while the last packets are still on their way. */
  readonly hangUpSpeaking: (afterMs: number) => Promise<void>;
  /** Offers again, as for a re-INVITE. */
  readonly reoffer: () => Promise<SdpReply>;
  /** Packets that did not arrive, both ways together. */
  readonly missing: () => number;
  readonly sent: () => number;
};

/** Throws when the relay does not take the call. */
export async function placeCall(ng: NgClient, localAddress = '127.0.0.1'): Promise<LiveCall> {
  const callId = randomUUID();
  const [caller, callee] = await Promise.all([openEnd(localAddress), openEnd(localAddress)]);
  const key = { callId, fromTag: 'caller' };
  const makeOffer = () => offer(ng, key, sdpOf(caller));
  const toCallee = targetOf(await makeOffer());
  const toCaller = targetOf(await answer(ng, { ...key, toTag: 'callee' }, sdpOf(callee)));
  const speak = () => {
    caller.send(toCaller);
    callee.send(toCallee);
  };
  const speech = setInterval(speak, 20);
  const settle = () => new Promise((resolve) => setTimeout(resolve, 100));
  const end = async () => {
    await settle();
    caller.close();
    callee.close();
  };
  return {
    callId,
    reoffer: makeOffer,
    hangUp: async () => {
      clearInterval(speech);
      await settle();
      await deleteCall(ng, key);
      await end();
    },
    hangUpSpeaking: async (afterMs) => {
      await deleteCall(ng, key);
      await new Promise((resolve) => setTimeout(resolve, afterMs));
      clearInterval(speech);
      await end();
    },
    missing: () => caller.missing(callee.sent()) + callee.missing(caller.sent()),
    sent: () => caller.sent() + callee.sent(),
  };
}

function openEnd(address: string): Promise<RtpSocket> {
  return openRtpSocket({ address, ssrc: randomInt(1, 2 ** 32), firstSequence: randomInt(2 ** 16) });
}

function sdpOf({ address, port }: RtpSocket): string {
  return buildSdp({ address, port, payloadTypes: [PCMU], direction: 'sendrecv' }, port);
}

function targetOf(reply: SdpReply) {
  if (reply.kind !== 'accepted') throw new Error(`the relay did not take the call: ${reply.reason}`);
  return parseSdp(reply.sdp);
}
