/** Instances: what clients do with single machines. */
import { linkTo, readLink, scopeOfLink } from '../links.ts';
import { invalid, refuse, unsupported } from '../refusal.ts';
import type { InstanceRecord, Work } from '../state.ts';
import type { Instance, InstanceProperties, InstanceTemplate } from '../types.ts';
import type { Call, Handlers } from './call.ts';
import {
  checkFingerprint,
  checkFree,
  checkName,
  entryOf,
  linkOf,
  mergePatch,
  operate,
  scopesOf,
  setLabels,
} from './call.ts';
import { buildInstance } from './instance-build.ts';
import { completeMetadata } from './instance-metadata.ts';
import { pageOf, scopedItems } from './list.ts';

const tableOf = ({ lab }: Call) => lab.state.tables.instances;
const recordOf = (call: Call): InstanceRecord =>
  entryOf(tableOf(call), linkOf(call, 'instances', 'instance'));

function insert(call: Call): object {
  const { lab, body, params } = call;
  const { name: asked, ...rest } = body as Instance;
  const name = checkName(asked);
  if (params.sourceMachineImage) throw unsupported('compute.instances.insert with sourceMachineImage');
  const base = params.sourceInstanceTemplate ? templateProperties(call, params.sourceInstanceTemplate) : {};
  const properties = mergePatch(base, rest) as InstanceProperties;
  checkFree(tableOf(call), linkTo(lab.project, `${call.scope}/instances/${name}`));
  const description = (body as Instance).description;
  const record = buildInstance(lab, {
    name,
    zone: params.zone ?? '',
    properties,
    ...(description ? { description } : {}),
  });
  const link = record.resource.selfLink ?? '';
  tableOf(call)[link] = record;
  return operate(call, 'insert', record.resource, {
    kind: 'start-instance',
    link,
    id: String(record.resource.id),
  });
}

function templateProperties({ lab }: Call, text: string): InstanceProperties {
  const link = readLink('sourceInstanceTemplate', text, lab.project, 'global', 'instanceTemplates');
  const template: InstanceTemplate = entryOf(lab.state.tables.instanceTemplates, link).resource;
  return template.properties ?? {};
}

type LifeKind = Extract<Work['kind'], `${string}-instance`>;

/** Statuses that an action may begin in (GCE refuses it in others as "not ready"). */
const ALLOWED: Readonly<Record<LifeKind, readonly string[] | 'any'>> = {
  'start-instance': ['TERMINATED', 'RUNNING'],
  'stop-instance': ['RUNNING', 'STAGING', 'PROVISIONING', 'TERMINATED'],
  'reset-instance': ['RUNNING'],
  'delete-instance': 'any',
};

const life = (type: string, kind: LifeKind) => (call: Call) => {
  const { resource } = recordOf(call);
  const allowed = ALLOWED[kind];
  if (allowed !== 'any' && !allowed.includes(resource.status ?? ''))
    throw refuse(
      400,
      'resourceNotReady',
      `The resource '${resource.name}' is not ready: it is ${resource.status}.`,
    );
  if (kind === 'delete-instance' && resource.deletionProtection)
    throw invalid('resource.deletionProtection', 'true', 'The instance is protected against deletion.');
  return operate(call, type, resource, { kind, link: resource.selfLink ?? '', id: String(resource.id) });
};

function setMetadata(call: Call): object {
  const { resource } = recordOf(call);
  checkFingerprint(call.body.fingerprint, resource.metadata?.fingerprint ?? '', false);
  resource.metadata = completeMetadata(call.body);
  call.lab.wakeMetadata();
  return operate(call, 'setMetadata', resource);
}

function relabel(call: Call): object {
  const { resource } = recordOf(call);
  setLabels(resource, call.body);
  return operate(call, 'setLabels', resource);
}

async function serialPort(call: Call): Promise<object> {
  const { resource } = recordOf(call);
  if ((call.params.port ?? '1') !== '1') throw unsupported('a serial port other than 1');
  const start = Number(call.params.start ?? 0);
  const { contents, next } = await call.lab.machines.console(String(resource.id), start);
  return {
    kind: 'compute#serialPortOutput',
    selfLink: `${resource.selfLink}/serialPort`,
    start: String(start),
    next: String(next),
    contents,
  };
}

/** `queryPath`: empty or `/` = all, `ns/` = a namespace, `ns/key` = one. */
function guestAttributes(call: Call): object {
  const { resource, guestAttributes: known } = recordOf(call);
  const path = call.params.queryPath ?? call.params.variableKey ?? '';
  const wanted = path.replace(/^\/+/, '');
  const fits = (key: string): boolean =>
    wanted === '' || key === wanted || (wanted.endsWith('/') && key.startsWith(wanted));
  const items = Object.entries(known)
    .filter(([key]) => fits(key))
    .map(([key, value]) => {
      const slash = key.indexOf('/');
      return { namespace: key.slice(0, slash), key: key.slice(slash + 1), value };
    });
  if (items.length === 0 && wanted !== '')
    throw refuse(404, 'notFound', `The resource '${wanted}' of type 'Guest Attribute' was not found.`);
  return {
    kind: 'compute#guestAttributes',
    selfLink: `${resource.selfLink}/guestAttributes/`,
    queryPath: path,
    queryValue: { items },
  };
}

function aggregate({ lab, params }: Call): object {
  const all = Object.entries(lab.state.tables.instances).map(([link, { resource }]) => ({
    ...resource,
    scope: scopeOfLink(link),
  }));
  const { items, nextPageToken } = pageOf(all, params);
  const scoped = items.map(({ scope, ...resource }) => ({ scope, resource }));
  return {
    kind: 'compute#instanceAggregatedList',
    id: `projects/${lab.project}/aggregated/instances`,
    selfLink: linkTo(lab.project, 'aggregated/instances'),
    items: scopedItems('instances', scopesOf(lab), scoped),
    ...(nextPageToken === undefined ? {} : { nextPageToken }),
  };
}

function list(call: Call): object {
  const { lab, params, scope } = call;
  const here = Object.values(tableOf(call))
    .map(({ resource }) => resource)
    .filter(({ selfLink }) => scopeOfLink(selfLink ?? '') === scope);
  return {
    kind: 'compute#instanceList',
    id: `projects/${lab.project}/${scope}/instances`,
    selfLink: linkTo(lab.project, `${scope}/instances`),
    ...pageOf(here, params),
  };
}

export const instanceHandlers: Handlers = {
  'Instances.Insert': insert,
  'Instances.Get': (call) => recordOf(call).resource,
  'Instances.List': list,
  'Instances.AggregatedList': aggregate,
  'Instances.Start': life('start', 'start-instance'),
  'Instances.Stop': life('stop', 'stop-instance'),
  'Instances.Reset': life('reset', 'reset-instance'),
  'Instances.Delete': life('delete', 'delete-instance'),
  'Instances.SetLabels': relabel,
  'Instances.SetMetadata': setMetadata,
  'Instances.GetSerialPortOutput': serialPort,
  'Instances.GetGuestAttributes': guestAttributes,
};
