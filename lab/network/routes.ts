/** The host's routes to floating addresses: `ADDRESS/32 via MACHINE`. They are on the lab's own device, and go with it. */
import { run } from '../host/run.ts';

/** Floating address → address of the machine that has it. */
export type Routes = ReadonlyMap<string, string>;

/** Lines for `ip -batch` that make `present` into `wanted`. Pure. */
export function routeChanges(device: string, present: Routes, wanted: Routes): readonly string[] {
  const gone = [...present.keys()].filter((address) => !wanted.has(address));
  const moved = [...wanted].filter(([address, via]) => present.get(address) !== via);
  return [
    ...gone.map((address) => `route del ${address}/32 dev ${device}`),
    ...moved.map(([address, via]) => `route replace ${address}/32 via ${via} dev ${device}`),
  ];
}

/** Of `ip -json route show dev …`, those to one address by way of another. Pure. */
export function readRoutes(json: unknown): Routes {
  const found = (Array.isArray(json) ? json : []) as readonly {
    readonly dst?: string;
    readonly gateway?: string;
  }[];
  return new Map(found.flatMap(({ dst, gateway }) => (dst && gateway ? [[dst, gateway] as const] : [])));
}

/** Makes routes on this device what they should be, one change after the other: the last that was asked for stays. */
export function createRoutes(device: string): (wanted: Routes) => Promise<void> {
  let before = Promise.resolve();
  return (wanted) => {
    const next = async (): Promise<void> => {
      const present = readRoutes(
        JSON.parse(await run('ip', ['-json', '-4', 'route', 'show', 'dev', device])),
      );
      const changes = routeChanges(device, present, wanted);
      if (changes.length > 0) await run('ip', ['-batch', '-'], `${changes.join('\n')}\n`);
    };
    before = before.then(next, next);
    return before;
  };
}
