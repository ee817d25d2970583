/**
 * `lab apply`: the Pulumi program, carried out in the lab without Pulumi's engine. A harness for the lab, its tests and the demo: it
 * evaluates infra/index.ts with Pulumi's mocks and makes each resource that the program declares through the lab's API, so that a wrong
 * program shows as a refusal or as a broken fleet. It is not an engine: it keeps no state, replaces nothing and deletes nothing.
 */
import { resolve } from 'node:path';
import { loadFleet } from '../configs/load.ts';
import { evaluateProgram, FLEET_PROGRAM } from '../infra/evaluate/program.ts';
import type { Declared, Handlers, Json, Registered } from '../infra/evaluate/protocol.ts';
import { FleetError } from '../lib/errors.ts';
import { linkPath } from './apply/difference.ts';
import type { Change } from './apply/ensure.ts';
import { checkKept } from './apply/guards.ts';
import { answerCall, makerOf } from './apply/kinds.ts';
import { leftovers } from './apply/leftovers.ts';
import { connectRest, type Rest } from './apply/rest.ts';

export type ApplyOptions = {
  readonly fleetFile: string;
  /** Name of an image in the lab. Absent: the one that configs/release.json pins. */
  readonly image?: string | undefined;
  /** Endpoint, project and address range of the lab: `readLab()`. */
  readonly lab: { readonly endpoint: string; readonly project: string; readonly range: string };
  readonly onEvent?: (event: ApplyEvent) => void;
  readonly signal?: AbortSignal | undefined;
  /** A group must be stable within so many milliseconds; default 300,000. */
  readonly stableWithinMs?: number;
  /** As in production: what would end calls is refused. Absent: a lab is there to be thrown away. */
  readonly protect?: boolean;
  /** Another Pulumi program than the fleet's. */
  readonly program?: URL;
};

export type ApplyEvent =
  | { readonly kind: 'resource'; readonly what: string; readonly change: Change }
  | { readonly kind: 'waiting'; readonly what: string; readonly text: string }
  /** It is there, but the program no longer declares it. */
  | { readonly kind: 'left'; readonly link: string };

export type Applied = {
  readonly resources: readonly { readonly what: string; readonly change: Change }[];
  /** The stack's outputs (infra/outputs.ts). */
  readonly outputs: Json;
  /** Links that the program no longer declares. */
  readonly left: readonly string[];
};

const STABLE_WITHIN_MS = 300_000;

/**
 * Brings the lab to what the program describes; applying the same again changes nothing. The program is evaluated twice: first as a
 * preview, so that nothing is begun when it is wrong or declares what the lab cannot make.
 * @throws FleetError: a broken fleet file, no such image, a kind that the lab has not, what the endpoint refused, relays that do not run.
 */
export async function applyToLab(options: ApplyOptions): Promise<Applied> {
  const fleet = loadFleet(options.fleetFile);
  const { endpoint, project, range } = options.lab;
  if (fleet.cloud.project !== project) throw otherProject(options.fleetFile, fleet.cloud.project, project);
  const rest = connectRest({ endpoint, project, signal: options.signal });
  const config = {
    fleet: resolve(options.fleetFile),
    image: options.image,
    networkRange: range,
    // Where the lab's machines find Google's APIs (lab/machine-api.ts).
    secretsEndpoint: 'http://169.254.169.254',
    protect: options.protect === true,
  };
  const program = options.program ?? FLEET_PROGRAM;
  const run = { program, stack: fleet.name, config, signal: options.signal };
  await evaluateProgram({ ...run, preview: true, handlers: previewHandlers(rest) });
  const made: Made = { resources: [], links: new Set() };
  const outputs = await evaluateProgram({ ...run, preview: false, handlers: handlers(rest, options, made) });
  const left = await leftovers(rest, fleet.name, made.links);
  for (const link of left) options.onEvent?.({ kind: 'left', link });
  return { resources: made.resources, outputs, left };
}

type Made = { readonly resources: { what: string; change: Change }[]; readonly links: Set<string> };

function previewHandlers(rest: Rest): Handlers {
  return {
    resource: async (declared) => {
      checkKnown(declared);
      await checkImages(rest, declared);
      await checkKept(rest, declared);
      return { state: declared.inputs };
    },
    call: async () => ({}),
  };
}

function handlers(rest: Rest, options: ApplyOptions, made: Made): Handlers {
  return {
    resource: (declared) => make(rest, declared, options, made),
    call: async (token, inputs) => {
      const answer = await answerCall(rest, token, inputs);
      if (answer === undefined) throw unknownKind(token);
      return answer;
    },
  };
}

async function make(rest: Rest, declared: Declared, options: ApplyOptions, made: Made): Promise<Registered> {
  const { type, name, inputs } = declared;
  const maker = makerOf(type, inputs);
  if (maker === undefined || !declared.custom) return { id: name, state: inputs };
  const wait = {
    withinMs: options.stableWithinMs ?? STABLE_WITHIN_MS,
    progress: (text: string) => options.onEvent?.({ kind: 'waiting', what: String(inputs.name), text }),
  };
  const { what, change, resource } = await maker(rest, inputs, wait);
  made.resources.push({ what, change });
  if (typeof resource.selfLink === 'string') made.links.add(linkPath(resource.selfLink));
  options.onEvent?.({ kind: 'resource', what, change });
  // What the program gave stays as it gave it; the API adds what it alone knows.
  return {
    id: linkPath(String(resource.selfLink ?? resource.id ?? name)),
    state: { ...resource, ...inputs },
  };
}

/** Components and providers are Pulumi's own; everything else must be a kind of the lab. */
function checkKnown({ type, custom, inputs }: Declared): void {
  if (!custom || type.startsWith('pulumi:') || makerOf(type, inputs) !== undefined) return;
  throw unknownKind(type);
}

/** GCE takes a template with an image that is not there, and its groups then fail to make any machine. */
async function checkImages(rest: Rest, { type, inputs }: Declared): Promise<void> {
  if (type !== 'gcp:compute/instanceTemplate:InstanceTemplate') return;
  for (const { sourceImage } of inputs.disks as readonly { readonly sourceImage?: string }[]) {
    if (sourceImage === undefined || (await rest.get(`/compute/v1/${linkPath(sourceImage)}`))) continue;
    throw new FleetError({
      kind: 'usage',
      code: 'apply-no-image',
      message: `There is no image ${sourceImage.split('/').at(-1)} in the lab.`,
      hint: 'Build one with `pnpm image:build --version mr…`, or name one that `gcloud compute images list` shows.',
    });
  }
}

function unknownKind(type: string): FleetError {
  return new FleetError({
    kind: 'usage',
    code: 'apply-unknown-kind',
    message: `The Pulumi program uses ${type}, which lab apply does not know.`,
    hint: 'Add it to lab/apply/kinds.ts; what the lab has nothing of can be skipped there.',
    facts: { type },
  });
}

function otherProject(file: string, wanted: string, project: string): FleetError {
  return new FleetError({
    kind: 'usage',
    code: 'apply-project',
    message: `${file} is for project ${wanted}, but the lab answers for ${project}.`,
    hint: `Start the lab with \`pnpm lab up --project ${wanted}\`, or name another fleet file.`,
  });
}

/** One line for people. */
export function wordEvent(event: ApplyEvent): string {
  switch (event.kind) {
    case 'waiting':
      return `${event.what}: ${event.text}`;
    case 'left':
      return `no longer declared, left as it is: ${event.link}`;
    case 'resource':
      return `${event.what}: ${wordChange(event.change)}`;
    default:
      return event satisfies never;
  }
}

function wordChange(change: Change): string {
  switch (change.kind) {
    case 'changed':
      return `changed (${change.fields.join(', ')})`;
    case 'skipped':
      return `skipped, ${change.because}`;
    default:
      return change.kind;
  }
}
