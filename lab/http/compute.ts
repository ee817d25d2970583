/** One request to the Compute API: find its route, check it against the contract, let its handler answer. */
import type { Lab } from '../context.ts';
import type { Match, Router } from '../contract/router.ts';
import { createRouter } from '../contract/router.ts';
import type { Problem } from '../contract/validate.ts';
import { validate } from '../contract/validate.ts';
import type { Contract, Route } from '../contract.ts';
import { loadContract } from '../contract.ts';
import type { OperationFault } from '../faults.ts';
import type { Scope } from '../links.ts';
import { canonical, outward } from '../links.ts';
import { notFound, refuse, unsupported } from '../refusal.ts';
import type { Call, Handlers } from '../resources/call.ts';
import { regionsOf } from '../resources/call.ts';
import { diskHandlers } from '../resources/disks.ts';
import { groupConfigHandlers } from '../resources/group-configs.ts';
import { groupMemberHandlers } from '../resources/group-members.ts';
import { groupHandlers } from '../resources/groups.ts';
import { imageHandlers } from '../resources/images.ts';
import { instanceGroupHandlers } from '../resources/instance-groups.ts';
import { instanceHandlers } from '../resources/instances.ts';
import { networkHandlers } from '../resources/network-kinds.ts';
import { placeHandlers } from '../resources/places.ts';
import type { Json, Operation } from '../types.ts';
import type { Reply } from './reply.ts';
import { ok, parseBody } from './reply.ts';

const HANDLERS: Handlers = {
  ...diskHandlers,
  ...groupConfigHandlers,
  ...groupMemberHandlers,
  ...groupHandlers,
  ...imageHandlers,
  ...instanceGroupHandlers,
  ...instanceHandlers,
  ...networkHandlers,
  ...placeHandlers,
};

/** The methods that the lab carries out; all others of the contract answer 501. */
export const SUPPORTED: readonly string[] = Object.keys(HANDLERS);

/** Query parameters of every Google API, and one that gcloud sends though the contract has lost it. */
const COMMON_QUERY: ReadonlySet<string> = new Set([
  'alt',
  '$alt',
  'prettyPrint',
  '$prettyPrint',
  'key',
  'quotaUser',
  'returnPartialSuccess',
]);

export type ApiRequest = {
  readonly method: string;
  readonly url: URL;
  readonly text: string;
  /** e.g. `http://127.0.0.1:8911`: what links in the answer begin with. */
  readonly origin: string;
};

export type ComputeApi = {
  /** The route of a request, for faults and for `handle`. */
  readonly match: (request: ApiRequest) => Match | undefined;
  readonly handle: (request: ApiRequest, fault: OperationFault | undefined) => Promise<Reply>;
};

/** `checkAnswers`: an answer that breaks the contract is a 500; for tests. */
export function createComputeApi(lab: Lab, checkAnswers: boolean): ComputeApi {
  const contract = loadContract();
  const router: Router = createRouter(contract);
  const match = ({ method, url }: ApiRequest): Match | undefined => router(method, url.pathname);
  return {
    match,
    handle: async (request, fault) => {
      const found = match(request);
      if (found === undefined)
        throw refuse(404, 'notFound', `There is no ${request.method} ${request.url.pathname}`);
      const answer = await serve(lab, contract, found, request, fault);
      const json = outward(withoutEmptyList(answer), request.origin);
      if (checkAnswers) checkAnswer(contract, found.route, json);
      return ok(json);
    },
  };
}

async function serve(
  lab: Lab,
  contract: Contract,
  { route, params }: Match,
  request: ApiRequest,
  fault: OperationFault | undefined,
): Promise<object> {
  if (params.project !== undefined && params.project !== lab.project)
    throw notFound(`projects/${params.project}`);
  const handler = HANDLERS[route.name];
  if (handler === undefined) throw unsupported(route.apiName);
  const query = readQuery(contract, route, request.url.searchParams);
  const body = readBody(contract, route, parseBody(request.text));
  const call: Call = { lab, params: { ...query, ...params }, body, scope: scopeOf(lab, params), fault };
  const replay = replayKey(route, request.url.pathname, query.requestId);
  const known = replay && lab.state.operations[lab.state.requests[replay] ?? ''];
  if (known) return known.resource;
  const answer = await handler(call);
  if (replay) lab.state.requests[replay] = String((answer as Operation).name);
  if (route.verb !== 'get') await lab.store.saved();
  return answer;
}

/** GCE leaves an empty list out. */
function withoutEmptyList(answer: object): object {
  const entries = Object.entries(answer);
  return Object.fromEntries(
    entries.filter(([key, value]) => !(LISTS.has(key) && Array.isArray(value) && value.length === 0)),
  );
}

const LISTS: ReadonlySet<string> = new Set(['items', 'managedInstances']);

/** The same `requestId` for the same request: the same operation. */
function replayKey(route: Route, path: string, requestId: string | undefined): string | undefined {
  if (requestId === undefined || route.response !== 'Operation') return undefined;
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(requestId))
    return `${route.name} ${path} ${requestId}`;
  throw refuse(400, 'invalid', `Invalid value for field 'requestId': '${requestId}'. Must be a UUID.`);
}

function scopeOf(lab: Lab, { zone, region }: Readonly<Record<string, string>>): Scope {
  if (zone !== undefined && !lab.zones.includes(zone)) throw unknownPlace(lab, 'zone', zone);
  if (region !== undefined && !regionsOf(lab).includes(region)) throw unknownPlace(lab, 'region', region);
  if (zone !== undefined) return `zones/${zone}`;
  return region === undefined ? 'global' : `regions/${region}`;
}

const unknownPlace = (lab: Lab, kind: 'zone' | 'region', name: string) =>
  refuse(
    400,
    'invalid',
    `Invalid value for field '${kind}': '${name}'. Unknown ${kind}; project ${lab.project} has ${kindList(lab, kind)}.`,
  );

const kindList = (lab: Lab, kind: 'zone' | 'region'): string =>
  (kind === 'zone' ? lab.zones : regionsOf(lab)).join(', ');

function readQuery(contract: Contract, route: Route, given: URLSearchParams): Record<string, string> {
  const message = contract.messages.get(route.request);
  const read: Record<string, string> = {};
  for (const [key, value] of given) {
    if (COMMON_QUERY.has(key)) continue;
    if (key === 'fields' && value !== '*') throw unsupported('a partial answer (fields)');
    if (key === 'fields') continue;
    if (message?.has(key) !== true || key === route.body)
      throw refuse(
        400,
        'badRequest',
        `Invalid JSON payload received. Unknown name "${key}": Cannot bind query parameter.`,
      );
    read[key] = value;
  }
  return read;
}

/** Checks the body against its message; links in it become canonical. */
function readBody(contract: Contract, route: Route, given: unknown): Json {
  const field = route.body === undefined ? undefined : contract.messages.get(route.request)?.get(route.body);
  if (field === undefined) {
    if (given === undefined || Object.keys(given as object).length === 0) return {};
    throw refuse(400, 'badRequest', `${route.apiName} takes no body.`);
  }
  if (given === undefined) {
    if (field.required) throw refuse(400, 'required', "Required field 'resource' not specified");
    return {};
  }
  const [problem] = validate(contract, field.type, given);
  if (problem !== undefined) throw refuse(400, REASONS[problem.kind], problem.text);
  return canonical(given) as Json;
}

const REASONS: Readonly<Record<Problem['kind'], string>> = {
  unknown: 'badRequest',
  type: 'invalid',
  enum: 'invalid',
  required: 'required',
};

function checkAnswer(contract: Contract, route: Route, answer: unknown): void {
  const problems = validate(contract, route.response, answer, 'answer');
  if (problems.length === 0) return;
  throw refuse(500, 'badAnswer', `${route.apiName}: ${problems.map(({ text }) => text).join('; ')}`);
}
