import { FleetError, isFleetError } from '../errors.ts';
import { type CliDoor, hasCliVerb, isShortQuestion, runCli } from '../ng/cli.ts';
import { connectNg, type NgClient, type NgRequestOptions } from '../ng/client.ts';
import type { NgSocket } from '../ng/udp.ts';

/** Where a relay listens. */
export type RelayPlace = {
  /** Its name in messages, e.g. the instance name. */
  readonly name: string;
  readonly host: string;
  /** `listen-ng` (UDP). */
  readonly ngPort: number;
  /** `listen-tcp-ng`; needed to list more than some 1,900 calls. */
  readonly ngTcpPort?: number;
  /** `listen-cli`. Without it CLI commands go over ng, which needs mr13.2. */
  readonly cliPort?: number;
  /** `mr12.5.1.31`, when known: tells at once that a relay cannot be reached without its CLI port. */
  readonly version?: string;
};

/** A relay that one can talk to. Holds no state of the relay: every question goes out. */
export type Relay = {
  readonly place: RelayPlace;
  readonly ng: NgClient;
  /** For `list`: ng over TCP where the relay has it, else the same as `ng`. */
  readonly bulk: NgClient;
  /** Runs a CLI command over the CLI port, else over ng. Text only; lib/ng/cli-text.ts reads it. */
  readonly cli: (command: string, options?: NgRequestOptions) => Promise<string>;
  readonly close: () => void;
};

/** Opens nothing until the first question. With a shared `socket` thousands of relays use one UDP socket. */
export function openRelay(place: RelayPlace, socket?: NgSocket): Relay {
  const shared = socket === undefined ? {} : { socket };
  const ng = connectNg({ host: place.host, port: place.ngPort, transport: 'udp', ...shared });
  const bulk =
    place.ngTcpPort === undefined
      ? ng
      : connectNg({ host: place.host, port: place.ngTcpPort, transport: 'tcp' });
  return {
    place,
    ng,
    bulk,
    cli: (command, options) => askCli(place, ng, command, options),
    close: () => {
      ng.close();
      if (bulk !== ng) bulk.close();
    },
  };
}

/**
 * The CLI port wherever there is one: every version has it and no reply is too long for it. Where RTPEngine is known to
 * take short questions over ng, that is asked first: one datagram each way costs a fifth of a connection, and a fleet
 * has thousands of session limits.
 */
async function askCli(
  place: RelayPlace,
  ng: NgClient,
  command: string,
  options?: NgRequestOptions,
): Promise<string> {
  const { cliPort, version } = place;
  if (cliPort === undefined) return await runCli(verbOf(place, ng), command, options);
  if (version !== undefined && hasCliVerb(version) === true && isShortQuestion(command)) {
    try {
      return await runCli({ kind: 'verb', ng }, command, options);
    } catch (error) {
      if (!isFleetError(error) || error.code !== 'cli-refused') throw error;
    }
  }
  return await runCli({ kind: 'port', host: place.host, port: cliPort }, command, options);
}

function verbOf({ name, version }: RelayPlace, ng: NgClient): CliDoor {
  if (version === undefined || hasCliVerb(version) !== false) return { kind: 'verb', ng };
  throw new FleetError({
    kind: 'hold',
    code: 'cli-no-door',
    message: `${name}: RTPEngine ${version} takes CLI commands only on its CLI port, and none is known`,
    hint: 'Set the CLI port of the fleet (listen-cli).',
  });
}
