/** Several RTPEngines on one host, for hosts outside of managed fleets. Pure. */
import { FleetError } from '../lib/errors.ts';
import type { Fleet } from './fleet.ts';
import type { Problem } from './load.ts';
import type { PortRange } from './local-ports.ts';

type Rtpengine = Fleet['rtpengine'];

/** One RTPEngine of a host: what it does not have in common with the others. */
export type Instance = {
  /** From 1. */
  readonly number: number;
  readonly ports: PortRange;
  readonly ngPort: number;
  readonly cliPort: number;
  readonly httpPort: number;
};

const CONTROL = ['ngPort', 'cliPort', 'httpPort'] as const;

/** What an audio call takes; the smallest share. */
const FEWEST_PORTS = 4;

/** 1 to `instances`. */
export function numbersOfInstances(instances: number): readonly number[] {
  return Array.from({ length: instances }, (_, index) => index + 1);
}

/** The name that an RTPEngine among several logs under. */
export function logNameOf(number: number): string {
  return `rtpengine-${number}`;
}

/** Every RTPEngine of a host. Shares of the media ports are equal and begin at an even port; the last has what is left over. */
export function instancesOf(rtpengine: Rtpengine): readonly Instance[] {
  const { instances, ports, ngPort, cliPort, httpPort } = rtpengine;
  const share = shareOf(rtpengine);
  return numbersOfInstances(instances).map((number) => {
    const min = ports.min + (number - 1) * share;
    const max = number === instances ? ports.max : min + share - 1;
    const step = number - 1;
    return {
      number,
      ports: { min, max },
      ngPort: ngPort + step,
      cliPort: cliPort + step,
      httpPort: httpPort + step,
    };
  });
}

function shareOf({ instances, ports }: Rtpengine): number {
  return 2 * Math.floor((ports.max - ports.min + 1) / instances / 2);
}

/** What a JSON Schema cannot say of several RTPEngines. */
export function instances({ rtpengine }: Fleet): readonly Problem[] {
  if (rtpengine.instances === 1) return [];
  return [...shares(rtpengine), ...controlPorts(rtpengine), ...alone(rtpengine)];
}

function shares(rtpengine: Rtpengine): readonly Problem[] {
  const { instances, ports } = rtpengine;
  const share = shareOf(rtpengine);
  if (share >= FEWEST_PORTS) return [];
  const message = `rtpengine.instances: ${instances} leaves each ${share} of the media ports ${ports.min}-${ports.max}, and a call takes four`;
  return [{ path: ['rtpengine', 'instances'], message }];
}

/** Those of the first RTPEngine are looked at for every fleet. */
function controlPorts(rtpengine: Rtpengine): readonly Problem[] {
  const { min, max } = rtpengine.ports;
  const all = instancesOf(rtpengine);
  const taken = new Map(CONTROL.map((key) => [rtpengine[key], `rtpengine.${key}`]));
  return all.slice(1).flatMap((one) =>
    CONTROL.flatMap((key) => {
      const port = one[key];
      const what = `rtpengine.${key}: ${port} of RTPEngine ${one.number}`;
      const other = taken.get(port);
      taken.set(port, `${key} of RTPEngine ${one.number}`);
      const why = whyNot();
      return why === undefined ? [] : [{ path: ['rtpengine', key], message: `${what} ${why}` }];

      function whyNot(): string | undefined {
        if (port > 65_535) return 'is no port';
        if (port >= min && port <= max) return `lies in the media ports ${min}-${max}`;
        return other === undefined ? undefined : `is also ${other}`;
      }
    }),
  );
}

/** What RTPEngines of one host cannot share. */
function alone({ kernel, options }: Rtpengine): readonly Problem[] {
  const sockets = Object.keys(options).filter((name) => name.startsWith('listen-') || name === 'log-name');
  const problems: Problem[] = sockets.map((name) => ({
    path: ['rtpengine', 'options', name],
    message: `rtpengine.options.${name}: would be the same for all of rtpengine.instances, and only one can have it`,
  }));
  if (kernel !== 'off') {
    const message = `rtpengine.kernel: ${kernel} is for one RTPEngine on a host, not for several (rtpengine.instances)`;
    problems.push({ path: ['rtpengine', 'kernel'], message });
  }
  return problems;
}

/**
 * Where a relay is taken for one RTPEngine.
 * @param what ends the sentence `… cannot be …`
 * @throws FleetError `usage`, code `several-instances`
 */
export function refuseSeveral({ name, rtpengine: { instances } }: Fleet, what: string): void {
  if (instances === 1) return;
  throw new FleetError({
    kind: 'usage',
    code: 'several-instances',
    message: `fleet ${name}: a host with rtpengine.instances ${instances} cannot be ${what}, which has one RTPEngine on each relay`,
    hint: 'Several are for hosts of your own: `image:build --no-publish` or `--output`. A fleet has rtpengine.instances: 1.',
  });
}
