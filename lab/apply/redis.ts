/** Memorystore through its API: created when there is none; the lab changes none in place. */
import { setTimeout as delay } from 'node:timers/promises';
import type { InstanceArgs } from '@pulumi/gcp/redis/instance.js';
import type { Unwrap } from '@pulumi/pulumi';
import type { Json } from '../../infra/evaluate/protocol.ts';
import { FleetError } from '../../lib/errors.ts';
import { differences } from './difference.ts';
import { type Ensured, needsReplacement } from './ensure.ts';
import type { Rest } from './rest.ts';
import { fields } from './translate.ts';

const PAUSE_MS = 100;
/** About a minute. */
const POLLS = 600;
const PROVIDER_ONLY = ['deletionProtection', 'deletionPolicy', 'name'];

export async function ensureRedis(rest: Rest, inputs: Unwrap<InstanceArgs>): Promise<Ensured> {
  const name = String(inputs.name);
  const parent = `/redis/v1/projects/${rest.project}/locations/${inputs.region}/instances`;
  const body = { ...fields(inputs as Json, PROVIDER_ONLY), authorizedNetwork: networkName(inputs) };
  const what = `redis ${name}`;
  const present = await rest.get(`${parent}/${name}`);
  if (present !== undefined) {
    const changed = differences(body, present);
    if (changed.length > 0) throw needsReplacement(what, changed);
    return { change: { kind: 'unchanged' }, what, resource: await withPassword(rest, `${parent}/${name}`) };
  }
  await finished(rest, await rest.send('POST', `${parent}?instanceId=${name}`, body), what);
  return { change: { kind: 'created' }, what, resource: await withPassword(rest, `${parent}/${name}`) };
}

/** Pulumi's provider asks for the password too. */
async function withPassword(rest: Rest, path: string): Promise<Json> {
  const instance = await ready(rest, path);
  return instance.authEnabled === true
    ? { ...instance, ...(await rest.get(`${path}/authString`)) }
    : instance;
}

/** Memorystore takes `projects/p/global/networks/n`, Pulumi's provider shortens a self link to it. */
function networkName({ authorizedNetwork }: Unwrap<InstanceArgs>): string | undefined {
  return authorizedNetwork?.replace(/^.*\/(?=projects\/)/, '');
}

/** Waits for an operation of Memorystore; the door is asked again, as its API has no `wait`. */
async function finished(rest: Rest, begun: Json, what: string): Promise<void> {
  let operation = begun;
  while (operation.done !== true) {
    await delay(PAUSE_MS, undefined, rest.signal ? { signal: rest.signal } : {});
    operation = (await rest.get(`/redis/v1/${begun.name}`)) ?? {
      done: true,
      error: { message: 'it is gone' },
    };
  }
  const error = operation.error as { readonly message?: string } | undefined;
  if (error !== undefined) throw notReady(what, error.message ?? '');
}

async function ready(rest: Rest, path: string): Promise<Json> {
  for (let polls = 0; polls < POLLS; polls++) {
    const instance = (await rest.get(path)) ?? {};
    if (instance.state === 'READY') return instance;
    if (instance.state !== 'CREATING') break;
    await delay(PAUSE_MS, undefined, rest.signal ? { signal: rest.signal } : {});
  }
  throw notReady(`redis ${path.split('/').at(-1)}`, 'it is not READY');
}

function notReady(what: string, why: string): FleetError {
  return new FleetError({
    kind: 'hold',
    code: 'apply-redis',
    message: `${what} cannot be used: ${why}`,
    hint: 'Read `pnpm lab logs`.',
  });
}
