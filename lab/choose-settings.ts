/** Port and address range of a lab: those that the user names, else the first of its folder that are free on this host. */
import { createServer } from 'node:net';
import type { FleetError } from '../lib/errors.ts';
import { attempt, run } from './host/run.ts';
import { type LabNames, portCandidates, rangeCandidates } from './names.ts';
import { freeRange, overlap, routedRanges } from './network/ranges.ts';
import { lack } from './preflight.ts';
import type { LabSettings } from './settings.ts';

export type WantedSettings = {
  readonly project: string;
  readonly port?: number | undefined;
  readonly range?: string | undefined;
};

/** Port and range for a new lab: those asked for, which must be free, else the folder's first that are. */
export async function chooseSettings(
  folder: string,
  names: LabNames,
  wanted: WantedSettings,
): Promise<LabSettings> {
  if ((await attempt('ip', ['link', 'show', 'dev', names.id])) !== undefined)
    throw lack(
      'device-taken',
      `This host already has a network device ${names.id}, and no lab of this folder made it.`,
      'Remove it with `ip link del`, or name another folder in RTPFLEET_LAB.',
    );
  const port = wanted.port ?? (await firstFreePort(portCandidates(folder)));
  if (port === undefined || !(await isFree(port))) throw portTaken(port);
  const routed = await routes(names);
  const range = wanted.range ?? freeRange(rangeCandidates(folder), routed);
  if (range === undefined || routed.some((taken) => overlap(range, taken))) throw rangeTaken(range, routed);
  return { project: wanted.project, port, range };
}

/** A lab that starts again keeps what it had; rejects if something else took it meanwhile. */
export async function checkSettings(names: LabNames, { port, range }: LabSettings): Promise<void> {
  if (!(await isFree(port))) throw portTaken(port);
  const routed = await routes(names);
  if (routed.some((taken) => overlap(range, taken))) throw rangeTaken(range, routed);
}

function portTaken(port: number | undefined): FleetError {
  return lack(
    'port-taken',
    port === undefined
      ? 'All 64 ports that this lab could listen on are taken.'
      : `Port ${port} of 127.0.0.1 is taken.`,
    'Name another with `pnpm lab up --port <port>`.',
  );
}

function rangeTaken(range: string | undefined, routed: readonly string[]): FleetError {
  const by = range && routed.find((taken) => overlap(range, taken));
  return lack(
    'range-taken',
    range === undefined
      ? 'All 64 address ranges that this lab could use are routed already.'
      : `Range ${range} is taken: this host routes ${by}.`,
    'Name another with `pnpm lab up --range 10.x.y.0/24`.',
  );
}

/** Routes of the host, those of this lab's own device left out. */
async function routes(names: LabNames): Promise<readonly string[]> {
  const all = JSON.parse(await run('ip', ['-json', 'route', 'show', 'table', 'all'])) as readonly {
    readonly dev?: string;
  }[];
  return routedRanges(all.filter(({ dev }) => dev !== names.id));
}

async function firstFreePort(ports: readonly number[]): Promise<number | undefined> {
  for (const port of ports) if (await isFree(port)) return port;
  return undefined;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ host: '127.0.0.1', port, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
