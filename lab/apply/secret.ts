/** Secret Manager through its API: secrets, their versions, and who may read them. Values are compared here and told nowhere. */

import type { Json } from '../../infra/evaluate/protocol.ts';
import { isFleetError } from '../../lib/errors.ts';
import { withoutNulls } from './difference.ts';
import type { Ensured } from './ensure.ts';
import type { Rest } from './rest.ts';

export async function ensureSecret(rest: Rest, inputs: Json): Promise<Ensured> {
  const { project, secretId, labels, replication } = inputs;
  const parent = `/v1/projects/${project}/secrets`;
  const what = `secret ${secretId}`;
  const id = `projects/${project}/secrets/${secretId}`;
  if ((await rest.get(`${parent}/${secretId}`)) !== undefined)
    return { change: { kind: 'unchanged' }, what, resource: { id } };
  // What Pulumi's provider calls `auto`, the API calls `automatic`.
  const { auto: automatic, ...other } = (replication ?? {}) as Json;
  const body = { labels, replication: { automatic, ...other } };
  await rest.send('POST', `${parent}?secretId=${secretId}`, withoutNulls(body) as Json);
  return { change: { kind: 'created' }, what, resource: { id } };
}

/** A version with another value is another version. */
export async function ensureSecretVersion(rest: Rest, { secret, secretData }: Json): Promise<Ensured> {
  const path = `/v1/${secret}`;
  const what = `version of ${secret}`;
  const data = Buffer.from(String(secretData)).toString('base64');
  const latest = await rest.get(`${path}/versions/latest:access`);
  if ((latest?.payload as Json | undefined)?.data === data)
    return { change: { kind: 'unchanged' }, what, resource: { id: latest?.name } };
  const made = await rest.send('POST', `${path}:addVersion`, { payload: { data } });
  return { change: { kind: 'created' }, what, resource: { id: made.name } };
}

type Binding = { readonly role: string; readonly members: readonly string[] };

/** Other grants on the same secret are made at the same time, each of which changes the policy. */
const TRIES = 20;

/** Adds one member to one role, and leaves the others as they are; begins again when somebody else changed them meanwhile. */
export async function ensureSecretMember(rest: Rest, inputs: Json): Promise<Ensured> {
  for (let tries = 1; ; tries++) {
    try {
      return await addMember(rest, inputs);
    } catch (error) {
      if (tries === TRIES || !isFleetError(error) || error.code !== 'gce-conflict') throw error;
    }
  }
}

async function addMember(rest: Rest, { project, secretId, role, member }: Json): Promise<Ensured> {
  const path = `/v1/projects/${project}/secrets/${secretId}`;
  const what = `grant of ${role} on secret ${secretId} to ${member}`;
  const { bindings = [], ...policy } = (await rest.get(`${path}:getIamPolicy`)) ?? {};
  const present = bindings as readonly Binding[];
  const own = present.find((binding) => binding.role === role);
  if (own?.members.includes(String(member))) return { change: { kind: 'unchanged' }, what, resource: {} };
  const others = present.filter((binding) => binding !== own);
  const grown = { role, members: [...(own?.members ?? []), member] };
  await rest.send('POST', `${path}:setIamPolicy`, { policy: { ...policy, bindings: [...others, grown] } });
  return { change: { kind: 'created' }, what, resource: {} };
}
