import { FleetError } from '../errors.ts';
import type { NgTarget } from './client.ts';

/** One request on its way. */
export type Outgoing = {
  readonly cookie: string;
  /** Cookie, space, bencoded dictionary. */
  readonly packet: Buffer;
  /** For messages only. */
  readonly command: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
};

/** A way to one relay: hands over a packet, resolves with the body that came back under the same cookie. */
export type Wire = {
  readonly exchange: (outgoing: Outgoing) => Promise<Buffer>;
  /** Gives the memory of a body back at once, whose last reader is done with it. */
  readonly release: (body: Buffer) => void;
  readonly close: () => void;
};

/** A request that waits for its answer; ends exactly once, whatever comes first. */
export type Waiting = {
  readonly outgoing: Outgoing;
  readonly target: NgTarget;
  readonly answer: (body: Buffer) => void;
  readonly fail: (error: FleetError) => void;
};

/** Starts the wait: deadline and abort are armed before `started` sends anything; `ended` runs once. */
export function waitForAnswer(
  target: NgTarget,
  outgoing: Outgoing,
  started: (waiting: Waiting) => void,
  ended: () => void,
): Promise<Buffer> {
  if (outgoing.signal?.aborted) return Promise.reject(aborted(target, outgoing));
  return new Promise((resolve, reject) => {
    let over = false;
    const finish = (act: () => void) => {
      if (over) return;
      over = true;
      clearTimeout(deadline);
      outgoing.signal?.removeEventListener('abort', onAbort);
      ended();
      act();
    };
    const fail = (error: FleetError) => finish(() => reject(error));
    const onAbort = () => fail(aborted(target, outgoing));
    const deadline = setTimeout(() => fail(silence(target, outgoing)), outgoing.timeoutMs);
    outgoing.signal?.addEventListener('abort', onAbort, { once: true });
    started({ outgoing, target, answer: (body) => finish(() => resolve(body)), fail });
  });
}

/** No answer: the relay may be busy, gone, or its answer too long for a datagram. Never a sign of no calls. */
function silence(target: NgTarget, { command, timeoutMs }: Outgoing): FleetError {
  return new FleetError({
    kind: 'retry',
    code: 'ng-silence',
    message: `${target.host}:${target.port} (${target.transport}) did not answer ${command} within ${timeoutMs} ms`,
    hint: 'Check that RTPEngine runs there and that the firewall lets the ng port through.',
    facts: { host: target.host, port: target.port, command, timeoutMs },
  });
}

function aborted(target: NgTarget, { command, signal }: Outgoing): FleetError {
  return new FleetError({
    kind: 'interrupted',
    code: 'ng-aborted',
    message: `${command} to ${target.host}:${target.port} was given up before the answer`,
    cause: signal?.reason,
  });
}

/** The client was closed with requests under way. */
export function closed(target: NgTarget, outgoing: Outgoing): FleetError {
  return aborted(target, outgoing);
}

/** The system refused to send, or the connection broke. */
export function unreachable(target: NgTarget, cause: unknown): FleetError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new FleetError({
    kind: 'retry',
    code: 'ng-unreachable',
    message: `${target.host}:${target.port} (${target.transport}) cannot be reached: ${why}`,
    hint: 'Check the address, the route and that RTPEngine listens there.',
    facts: { host: target.host, port: target.port },
    cause,
  });
}
