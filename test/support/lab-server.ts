/** The lab's endpoint on fake machinery, with Google's two Node clients connected to it: no root, no machines. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { compute_v1 } from '@googleapis/compute';
import { compute } from '@googleapis/compute';
import { onTestFinished } from 'vitest';
import type { LabServer, LabServerOptions } from '../../lab/server.ts';
import { createLabServer } from '../../lab/server.ts';
import type { FakeImages, FakeMachines, FakeRedis } from './machines.ts';
import { fakeImages, fakeMachines, fakeNetwork, fakeRedis } from './machines.ts';

export const PROJECT = 'fleet-test';
export const ZONE = 'us-central1-a';
export const REGION = 'us-central1';

export type TestLab = {
  readonly url: string;
  readonly folder: string;
  readonly server: LabServer;
  readonly machines: FakeMachines;
  readonly images: FakeImages;
  readonly redis: FakeRedis;
  /** Google's discovery-based client: plain JSON both ways, errors with `status` and `errors[0].reason`. */
  readonly api: compute_v1.Compute;
  /** Sends JSON as it is. */
  readonly send: (
    method: string,
    path: string,
    body?: unknown,
  ) => Promise<{ readonly status: number; readonly json: Json }>;
  /** Waits for an operation; its error, if it has one. */
  readonly done: (operation: compute_v1.Schema$Operation) => Promise<compute_v1.Schema$Operation>;
};

// biome-ignore lint/suspicious/noExplicitAny: JSON of any shape, read by tests
export type Json = any;

export type TestLabOptions = Partial<LabServerOptions> & { readonly machines?: FakeMachines };

/** Opens a lab that is closed when the test has finished; every answer is checked against Google's contract. */
export async function openTestLab(options: TestLabOptions = {}): Promise<TestLab> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'rtpfleet-lab-api-')));
  const machines = options.machines ?? fakeMachines();
  const images = fakeImages();
  const redis = fakeRedis();
  const server = await createLabServer({
    project: PROJECT,
    folder,
    machines,
    images,
    redis,
    network: fakeNetwork,
    timing: { operationMs: 1, tickMs: 5, graceMs: 10 },
    checkAnswers: true,
    ...options,
  });
  const url = await server.listen(0);
  onTestFinished(async () => {
    await server.close();
    if (options.folder === undefined) await rm(folder, { recursive: true, force: true });
  });
  const api = compute({ version: 'v1', rootUrl: `${url}/`, retry: false });
  const done = (operation: compute_v1.Schema$Operation) => waitFor(api, operation);
  return { url, folder, server, machines, images, redis, api, done, send: (...args) => send(url, ...args) };
}

async function send(url: string, method: string, path: string, body?: unknown) {
  const response = await fetch(`${url}${path}`, {
    method,
    ...(body === undefined
      ? {}
      : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, json: text === '' ? undefined : JSON.parse(text) };
}

async function waitFor(api: compute_v1.Compute, operation: compute_v1.Schema$Operation) {
  let current = operation;
  const last = (link: string | null | undefined): string => link?.slice(link.lastIndexOf('/') + 1) ?? '';
  while (current.status !== 'DONE') {
    const which = { project: PROJECT, operation: operation.name ?? '' };
    const { data } = operation.zone
      ? await api.zoneOperations.wait({ ...which, zone: last(operation.zone) })
      : operation.region
        ? await api.regionOperations.wait({ ...which, region: last(operation.region) })
        : await api.globalOperations.wait(which);
    current = data;
  }
  return current;
}

/** Uploads an archive (its bytes do not matter to the fake) and imports it; the image's link. */
export async function addImage(
  lab: TestLab,
  name: string,
  extra: compute_v1.Schema$Image = {},
): Promise<string> {
  await lab.send('POST', `/storage/v1/b?project=${PROJECT}`, { name: 'archives' });
  await lab.send('POST', `/upload/storage/v1/b/archives/o?uploadType=media&name=${name}.tar.gz`, {
    content: name,
  });
  const rawDisk = { source: `https://storage.googleapis.com/archives/${name}.tar.gz` };
  const { data } = await lab.api.images.insert({
    project: PROJECT,
    requestBody: { name, rawDisk, ...extra },
  });
  await lab.done(data);
  return `global/images/${name}`;
}

/** A template of this image; its link. */
export async function addTemplate(
  lab: TestLab,
  name: string,
  properties: compute_v1.Schema$InstanceProperties = {},
  image = 'relay-1',
): Promise<string> {
  const disks = [
    { boot: true, autoDelete: true, initializeParams: { sourceImage: `global/images/${image}` } },
  ];
  const networkInterfaces = [{ network: 'global/networks/default' }];
  const requestBody = {
    name,
    properties: { machineType: 'e2-small', disks, networkInterfaces, ...properties },
  };
  await lab.done((await lab.api.instanceTemplates.insert({ project: PROJECT, requestBody })).data);
  return `global/instanceTemplates/${name}`;
}

/** The update policy that the fleet uses. */
export const RECREATE = {
  type: 'OPPORTUNISTIC',
  replacementMethod: 'RECREATE',
  maxSurge: { fixed: 0 },
  maxUnavailable: { fixed: 1 },
};

export const STATEFUL = { preservedState: { internalIPs: { nic0: { autoDelete: 'NEVER' } } } };

/** A group of `size` relays; resolves when it is stable. */
export async function addGroup(
  lab: TestLab,
  name: string,
  size: number,
  extra: compute_v1.Schema$InstanceGroupManager = {},
): Promise<void> {
  const requestBody = {
    name,
    baseInstanceName: 'relay-##',
    instanceTemplate: 'global/instanceTemplates/t1',
    targetSize: size,
    updatePolicy: RECREATE,
    statefulPolicy: STATEFUL,
    ...extra,
  };
  await lab.done(
    (await lab.api.instanceGroupManagers.insert({ project: PROJECT, zone: ZONE, requestBody })).data,
  );
  await stable(lab, name);
}

export const groupOf = async (lab: TestLab, name: string): Promise<compute_v1.Schema$InstanceGroupManager> =>
  (await lab.api.instanceGroupManagers.get({ project: PROJECT, zone: ZONE, instanceGroupManager: name }))
    .data;

export const membersOf = async (lab: TestLab, name: string): Promise<compute_v1.Schema$ManagedInstance[]> => {
  const which = { project: PROJECT, zone: ZONE, instanceGroupManager: name };
  return (await lab.api.instanceGroupManagers.listManagedInstances(which)).data.managedInstances ?? [];
};

export const instanceOf = async (lab: TestLab, instance: string): Promise<compute_v1.Schema$Instance> =>
  (await lab.api.instances.get({ project: PROJECT, zone: ZONE, instance })).data;

/** Waits until the group is stable. */
export async function stable(lab: TestLab, name: string): Promise<void> {
  await eventually(async () => (await groupOf(lab, name)).status?.isStable === true);
}

/** Looks until it is so; the test's own time limit ends it. */
export async function eventually(look: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await look())) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** HTTP status and reason of a refused call of `api`. */
export async function refused(
  call: Promise<unknown>,
): Promise<{ status: number; reason: string; message: string }> {
  const error: Json = await call.then(
    () => {
      throw new Error('it was not refused');
    },
    (reason: unknown) => reason,
  );
  const body = error.response?.data?.error ?? {};
  return { status: error.status, reason: body.errors?.[0]?.reason, message: body.message };
}
