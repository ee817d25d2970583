/** All that a preview says of a stack, as plain data; `--json` prints it as it is. Pure. */
import { type Cost, costOf } from '../cost.ts';
import { brokenPolicies, POLICIES } from '../policies.ts';
import { type Change, compare } from './compare.ts';
import { describe } from './describe.ts';
import type { Graph } from './graph.ts';
import { dangers, refusals } from './judge.ts';
import { type Reach, reachOf } from './reach.ts';
import { cloudName, idOf, kindOf, type Resource } from './resource.ts';

export type Row = Resource & {
  /** e.g. `compute/firewall`. */
  readonly kind: string;
  readonly cloudName: string;
  /** The inputs that matter, in words. */
  readonly summary: string;
};

export type Report = {
  readonly stack: string;
  readonly fleet: string;
  readonly project: string;
  readonly image: string;
  readonly protect: boolean;
  readonly resources: readonly Row[];
  readonly reach: readonly Reach[];
  readonly policies: readonly {
    readonly name: string;
    readonly rule: string;
    /** Empty: it is kept. */
    readonly broken: readonly { readonly resource: string; readonly message: string }[];
  }[];
  readonly cost: Cost;
  /** Absent: it was compared with nothing. */
  readonly against?: Comparison;
  /** What `pulumi up` would still refuse, or what was assumed. */
  readonly notes: readonly string[];
};

export type Comparison = {
  /** The file or commit. */
  readonly what: string;
  readonly changes: readonly (Pick<Change, 'kind' | 'inputs'> & { readonly resource: Row })[];
  readonly refused: readonly string[];
  /** What would end calls. */
  readonly dangers: readonly string[];
};

export type Against = { readonly what: string; readonly resources: readonly Resource[] };

export function reportOf(graph: Graph, notes: readonly string[], against?: Against): Report {
  const { stack, fleet, image, protect } = graph;
  const resources = graph.resources.map(withoutSecrets);
  const broken = new Map(brokenPolicies(graph).map(({ policy, findings }) => [policy.name, findings]));
  return {
    ...{ stack, fleet: fleet.name, project: fleet.cloud.project, image, protect },
    resources: resources.map(rowOf),
    reach: reachOf(resources),
    policies: POLICIES.map(({ name, rule }) => ({
      ...{ name, rule },
      broken: (broken.get(name) ?? []).map(({ resource, message }) => ({
        resource: idOf(resource),
        message,
      })),
    })),
    cost: costOf(resources),
    ...(against === undefined ? {} : { against: comparison(against, resources) }),
    notes,
  };
}

function rowOf(resource: Resource): Row {
  return {
    kind: kindOf(resource.type),
    cloudName: cloudName(resource),
    summary: describe(resource),
    ...resource,
  };
}

function comparison({ what, resources: before }: Against, after: readonly Resource[]): Comparison {
  const known = before.map(withoutSecrets);
  const changes = compare(known, after);
  return {
    what,
    changes: changes.map(({ resource, ...change }) => ({ ...change, resource: rowOf(resource) })),
    refused: refusals(changes, known),
    dangers: dangers(changes, known),
  };
}

const SECRET = '(secret)';

/** A preview is printed, and kept by CI: what holds a secret says only that. */
function withoutSecrets(resource: Resource): Resource {
  const hidden = Object.fromEntries(resource.secrets.map((key) => [key, SECRET]));
  return { ...resource, inputs: { ...resource.inputs, ...hidden } };
}
