import { FleetError } from '../errors.ts';
import { type CliDoor, hasCliVerb, probeCliVerb, runCli } from '../ng/cli.ts';
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
  /** `listen-cli`; needed below mr13.2, where ng has no `cli` command. */
  readonly cliPort?: number;
  /** `mr12.5.1.31`, when known: decides how CLI commands travel. Unknown: the relay is asked once. */
  readonly version?: string;
};

/** A relay that one can talk to. Holds no state of the relay: every question goes out. */
export type Relay = {
  readonly place: RelayPlace;
  readonly ng: NgClient;
  /** For long answers: ng over TCP where the relay has it, else the same as `ng`. */
  readonly bulk: NgClient;
  /** Runs a CLI command by the door that this version has. Text only; see lib/ng/cli-text.ts for its readers. */
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
  let door: Promise<CliDoor> | undefined;
  return {
    place,
    ng,
    bulk,
    cli: async (command, options) => {
      door ??= chooseDoor(place, bulk, options).catch((error: unknown) => {
        door = undefined;
        throw error;
      });
      return await runCli(await door, command, options);
    },
    close: () => {
      ng.close();
      if (bulk !== ng) bulk.close();
    },
  };
}

async function chooseDoor(place: RelayPlace, ng: NgClient, options?: NgRequestOptions): Promise<CliDoor> {
  const port = place.cliPort;
  const known = place.version === undefined ? undefined : hasCliVerb(place.version);
  // Without a CLI port the verb is the only way; asking would only delay the relay's own refusal.
  const verb = known ?? (port === undefined || (await probeCliVerb(ng, options)));
  if (verb) return { kind: 'verb', ng };
  if (port !== undefined) return { kind: 'port', host: place.host, port };
  throw new FleetError({
    kind: 'hold',
    code: 'cli-no-door',
    message: `${place.name}: RTPEngine ${place.version} takes CLI commands only on its CLI port, and none is known`,
    hint: 'Set the CLI port of the fleet (listen-cli).',
  });
}
