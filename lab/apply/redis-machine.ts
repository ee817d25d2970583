/** The machine of `redis.kind: vm`: the lab puts a real redis-server in its place. */
import type { InstanceArgs } from '@pulumi/gcp/compute/instance.js';
import type { Unwrap } from '@pulumi/pulumi';
import { LABEL, METADATA } from '../../configs/naming.ts';
import { FleetError } from '../../lib/errors.ts';
import type { Ensured } from './ensure.ts';
import type { Rest } from './rest.ts';

/** @throws FleetError `usage`, code `apply-unknown-kind`: a machine for anything else, which the lab's groups make, not `lab apply`. */
export async function ensureRedisVm(rest: Rest, inputs: Unwrap<InstanceArgs>): Promise<Ensured> {
  const { name = '', zone, labels, metadata, networkInterfaces } = inputs;
  if (labels?.[LABEL.role] !== 'redis') throw onlyRedis(name);
  const { pathname } = new URL(String(metadata?.[METADATA.redisSecret]));
  const body = {
    ...{ name, zone, address: networkInterfaces[0]?.networkIp },
    secret: pathname.replace(/^\/v1\//, '').replace(/:access$/, ''),
  };
  const { created, host, port } = await rest.send('POST', '/lab/v1/redis-machines', body);
  return {
    change: created === true ? { kind: 'created' } : { kind: 'unchanged' },
    what: `redis-server in place of machine ${name}, at ${host}:${port}`,
    resource: {},
  };
}

function onlyRedis(name: string): FleetError {
  return new FleetError({
    kind: 'usage',
    code: 'apply-unknown-kind',
    message: `The Pulumi program declares machine ${name}, and lab apply makes no single machine but that of Redis.`,
    hint: 'Declare a group, or make the machine through the lab’s API.',
    facts: { type: 'gcp:compute/instance:Instance' },
  });
}
