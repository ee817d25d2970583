/** Projects, regions, zones, and the operations of each. */
import type { Lab } from '../context.ts';
import { projectNumber } from '../context.ts';
import type { Scope } from '../links.ts';
import { lastOf, linkTo, regionOfZone } from '../links.ts';
import { notFound } from '../refusal.ts';
import type { Json, Metadata, Named, Operation } from '../types.ts';
import type { Call, Handlers } from './call.ts';
import { checkFingerprint, operate, regionsOf } from './call.ts';
import { completeMetadata } from './instance-metadata.ts';
import { pageOf } from './list.ts';

/** When the lab's world began: places have no other birthday. */
const EPOCH = '2020-01-01T00:00:00.000Z';

function project(lab: Lab): object {
  return {
    kind: 'compute#project',
    id: projectNumber(lab.project),
    name: lab.project,
    creationTimestamp: EPOCH,
    selfLink: linkTo(lab.project, '').replace(/\/$/, ''),
    commonInstanceMetadata: lab.state.commonMetadata,
    defaultServiceAccount: `${projectNumber(lab.project)}-compute@developer.gserviceaccount.com`,
    xpnProjectStatus: 'UNSPECIFIED_XPN_PROJECT_STATUS',
    vmDnsSetting: 'ZONAL_ONLY',
  };
}

const idOf = (name: string): string =>
  String([...name].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 99_991, 7));

function zone(lab: Lab, name: string): Json & Named {
  const region = linkTo(lab.project, `regions/${regionOfZone(name)}`);
  const self = linkTo(lab.project, `zones/${name}`);
  return {
    kind: 'compute#zone',
    id: idOf(name),
    name,
    description: name,
    status: 'UP',
    region,
    selfLink: self,
    creationTimestamp: EPOCH,
  };
}

function region(lab: Lab, name: string): Json & Named {
  const zones = lab.zones
    .filter((each) => regionOfZone(each) === name)
    .map((each) => linkTo(lab.project, `zones/${each}`));
  const self = linkTo(lab.project, `regions/${name}`);
  return {
    kind: 'compute#region',
    id: idOf(name),
    name,
    description: name,
    status: 'UP',
    zones,
    quotas: [],
    selfLink: self,
    creationTimestamp: EPOCH,
  };
}

function one<T>(
  known: readonly string[],
  name: string | undefined,
  path: string,
  show: (name: string) => T,
): T {
  if (name !== undefined && known.includes(name)) return show(name);
  throw notFound(`${path}/${name}`);
}

function listOf(lab: Lab, collection: string, items: readonly Named[], params: Call['params']): object {
  return {
    kind: `compute#${collection.slice(0, -1)}List`,
    id: `projects/${lab.project}/${collection}`,
    selfLink: linkTo(lab.project, collection),
    ...pageOf(items, params),
  };
}

function setCommonMetadata(call: Call): object {
  const { state } = call.lab;
  checkFingerprint(call.body.fingerprint, state.commonMetadata.fingerprint ?? '', false);
  state.commonMetadata = completeMetadata(call.body as Metadata);
  call.lab.wakeMetadata();
  return operate(call, 'compute.projects.setCommonInstanceMetadata', {
    id: projectNumber(call.lab.project),
    selfLink: linkTo(call.lab.project, '').replace(/\/$/, ''),
  });
}

/** The operation that a path names; by name or numeric id. */
function operationOf({ lab, scope, params }: Call): Operation {
  const found = lab.operations.find(scope, params.operation ?? '');
  if (found) return found;
  throw notFound(`projects/${lab.project}/${scope}/operations/${params.operation}`);
}

function operationHandlers(service: string): Handlers {
  return {
    [`${service}.Get`]: operationOf,
    [`${service}.Wait`]: (call) => call.lab.operations.wait(operationOf(call)),
    [`${service}.List`]: ({ lab, scope, params }) => ({
      kind: 'compute#operationList',
      id: `projects/${lab.project}/${scope}/operations`,
      selfLink: linkTo(lab.project, `${scope}/operations`),
      ...pageOf(lab.operations.list(scope), params),
    }),
  };
}

/** gcloud asks for the autoscalers of a group's zone before it shows the group; the lab has none. */
const noAutoscalers = ({ lab, scope }: { readonly lab: Lab; readonly scope: Scope }): object => ({
  kind: 'compute#autoscalerList',
  id: `projects/${lab.project}/${scope}/autoscalers`,
  selfLink: linkTo(lab.project, `${scope}/autoscalers`),
  items: [],
});

export const placeHandlers: Handlers = {
  'Projects.Get': ({ lab }) => project(lab),
  'Projects.SetCommonInstanceMetadata': setCommonMetadata,
  'Zones.Get': ({ lab, params }) =>
    one(lab.zones, params.zone, `projects/${lab.project}/zones`, (name) => zone(lab, name)),
  'Zones.List': ({ lab, params }) =>
    listOf(
      lab,
      'zones',
      lab.zones.map((name) => zone(lab, name)),
      params,
    ),
  'Regions.Get': ({ lab, params }) =>
    one(regionsOf(lab), params.region, `projects/${lab.project}/regions`, (name) =>
      region(lab, lastOf(name)),
    ),
  'Regions.List': ({ lab, params }) =>
    listOf(
      lab,
      'regions',
      regionsOf(lab).map((name) => region(lab, name)),
      params,
    ),
  'Autoscalers.List': noAutoscalers,
  ...operationHandlers('ZoneOperations'),
  ...operationHandlers('RegionOperations'),
  ...operationHandlers('GlobalOperations'),
};
