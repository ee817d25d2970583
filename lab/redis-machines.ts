/**
 * What stands for a machine with Redis (`redis.kind: vm`): a real redis-server at the machine's address, with the password of its secret and
 * the settings of its start-up script. The lab has neither Google's public images nor data disks, so it cannot boot the machine itself; it
 * says so wherever it makes one, and in its API there is no such instance.
 */
import { isIPv4 } from 'node:net';
import { takenAddresses } from './addresses.ts';
import type { Lab } from './context.ts';
import { invalid, refuse } from './refusal.ts';
import { secretText } from './secrets.ts';
import type { RedisMachineRecord } from './state.ts';
import type { Json } from './types.ts';

/** Those of infra/redis/start-up that a client notices. */
const CONFIG = { 'notify-keyspace-events': 'KEA', 'maxmemory-policy': 'noeviction' };

/** Makes one, or leaves it as it is; `{created, host, port}`. Refuses another one of the same name, and an address that is not reserved. */
export async function ensureRedisMachine(lab: Lab, body: Json): Promise<Json> {
  const { name, zone, address, secret } = body;
  if (typeof name !== 'string' || !/^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name))
    throw invalid('name', String(name), 'Must be the name of a machine.');
  if (typeof address !== 'string' || !isIPv4(address) || !takenAddresses(lab).has(address))
    throw invalid('address', String(address), 'Must be an address that is reserved.');
  const wanted = { zone: String(zone), address, secret: String(secret) };
  const present = lab.state.redisMachines?.[name];
  if (present !== undefined && !isSame(present, wanted))
    throw refuse(409, 'alreadyExists', `Redis machine ${name} is there already, and another one.`);
  const { host, port } = await start(lab, name, wanted);
  lab.state.redisMachines = { ...lab.state.redisMachines, [name]: wanted };
  lab.store.changed();
  await lab.store.saved();
  return { created: present === undefined, host, port };
}

/** After a start of the lab: those that ended run again. */
export async function resumeRedisMachines(lab: Lab): Promise<void> {
  for (const [name, machine] of Object.entries(lab.state.redisMachines ?? {}))
    await start(lab, name, machine);
}

async function start(lab: Lab, name: string, { zone, address, secret }: RedisMachineRecord) {
  const wish = { config: CONFIG, password: secretText(lab, secret), host: address };
  return await lab.redis.start(`${zone}-${name}`, wish);
}

function isSame(a: RedisMachineRecord, b: RedisMachineRecord): boolean {
  return a.zone === b.zone && a.address === b.address && a.secret === b.secret;
}
