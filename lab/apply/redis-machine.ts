/** The machine of `redis.kind: vm`: the lab puts a real redis-server in its place. */
import type { InstanceArgs } from '@pulumi/gcp/compute/instance.js';
import type { Unwrap } from '@pulumi/pulumi';
import { METADATA } from '../../configs/naming.ts';
import type { Ensured } from './ensure.ts';
import type { Rest } from './rest.ts';

export async function ensureRedisVm(rest: Rest, inputs: Unwrap<InstanceArgs>): Promise<Ensured> {
  const { name = '', zone, metadata, networkInterfaces } = inputs;
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
