/** The resource graph of a stack: what the Pulumi program declares for it, without Pulumi's engine and without a cloud. */
import type { Fleet } from '../../configs/fleet.ts';
import { readSettings, type StackConfig } from '../config.ts';
import { evaluateProgram, FLEET_PROGRAM } from '../evaluate/program.ts';
import type { Handlers } from '../evaluate/protocol.ts';
import { knownOutputs } from './known-outputs.ts';
import { idOf, type Resource } from './resource.ts';

export type Graph = {
  readonly stack: string;
  readonly fleet: Readonly<Fleet>;
  /** Name of the image that new relays run. */
  readonly image: string;
  /** Whether the stack refuses to lose what holds calls. */
  readonly protect: boolean;
  /** Resources of the cloud, without components and providers; in order of kind and name. */
  readonly resources: readonly Resource[];
};

export type GraphInputs = {
  readonly stack: string;
  readonly config: StackConfig;
  /** Another Pulumi program than this repository's; its settings and fleet files are its own. */
  readonly program?: URL;
};

/** @throws FleetError `usage`: a broken fleet file, a setting that cannot be. */
export async function graphOf({ stack, config }: GraphInputs): Promise<Graph> {
  const { fleet, image, protect } = readSettings(config, stack);
  return { stack, fleet, image, protect, resources: await declaredBy({ stack, config }) };
}

/** What the program declares; resources of the cloud only. */
export async function declaredBy({ stack, config, program }: GraphInputs): Promise<readonly Resource[]> {
  const { handlers, resources } = collector();
  await evaluateProgram({ program: program ?? FLEET_PROGRAM, stack, config, preview: true, handlers });
  return resources();
}

/** Handlers of an evaluation that keep what is declared, and answer with what can be told of it beforehand. */
export function collector(): { readonly handlers: Handlers; readonly resources: () => readonly Resource[] } {
  const kept: Resource[] = [];
  const handlers: Handlers = {
    resource: async (declared) => {
      if (declared.custom && !declared.type.startsWith('pulumi:')) kept.push(declared);
      const known = knownOutputs(declared);
      return { id: String(known.id ?? declared.name), state: { ...declared.inputs, ...known } };
    },
    call: async (_, inputs) => inputs,
  };
  return { handlers, resources: () => kept.toSorted((a, b) => compareText(idOf(a), idOf(b))) };
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
