/**
 * The lab's network. A bridge in a network namespace of its own (the *switch*), together with DHCP, DNS and the socket of the
 * metadata server; the host is joined to it by one device with the first address. So no frame between machines meets the host's
 * packet filter (with br_netfilter a host's FORWARD policy would drop them), no port of the host is used for DNS or DHCP,
 * nothing is translated, and nothing leaves: neither switch nor device forwards.
 */
import { writeFile } from 'node:fs/promises';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { kill } from './host/processes.ts';
import { attempt, run } from './host/run.ts';
import { addressIn, hardwareAddress, type LabNames } from './names.ts';
import {
  type Host,
  hostsFile,
  instanceNames,
  METADATA_ADDRESS,
  MTU,
  SERVICES_HOST,
} from './network/dnsmasq.ts';
import { startDnsmasq } from './network/dnsmasq-process.ts';
import { createRoutes } from './network/routes.ts';
import { openSocket } from './network/sockets.ts';
import type { LabNetwork, MachineSpec } from './ports.ts';

export type Network = LabNetwork & {
  /** Makes a network namespace whose `eth0` (down) is plugged into the bridge with the hardware address of `address`. */
  readonly attach: (namespace: string, address: string) => Promise<void>;
  /** Gives the namespace its address, for a server that has no init of its own to do so by DHCP. */
  readonly configure: (namespace: string, address: string) => Promise<void>;
  /** These machines, and no others, have names in DNS. */
  readonly publish: (machines: readonly MachineSpec[]) => Promise<void>;
  /** A socket for the metadata server: 169.254.169.254:80 as the machines see it. */
  readonly metadataSocket: () => Promise<Server>;
};

export type NetworkOptions = {
  readonly folder: string;
  readonly names: LabNames;
  readonly range: string;
  readonly project: string;
};

/** Addresses .1 host, .2 services, .3 to .9 managed servers (Redis); machines get the others. */
export function reservedAddresses(range: string): readonly string[] {
  return Array.from({ length: 9 }, (_, index) => addressIn(range, index + 1));
}

/** Brings the network up, or takes over what an earlier daemon of this lab left up. */
export async function createNetwork(options: NetworkOptions): Promise<Network> {
  const { folder, names, range, project } = options;
  if (!(await namespaceExists(names.switchNamespace))) await buildSwitch(names, range);
  const hosts = join(folder, 'hosts');
  await writeFile(hosts, hostsFile([]));
  const dnsmasq = await startDnsmasq(folder, names.switchNamespace, { range, project, hostsFile: hosts });
  return {
    range,
    gateway: addressIn(range, 1),
    reserved: reservedAddresses(range),
    deliver: createRoutes(names.id),
    attach: (namespace, address) => attach(names, namespace, address),
    configure: async (namespace, address) => {
      await run('ip', ['-n', namespace, 'addr', 'add', `${address}/24`, 'dev', 'eth0']);
      await run('ip', ['-n', namespace, 'link', 'set', 'eth0', 'up']);
    },
    publish: async (machines) => {
      await writeFile(hosts, hostsFile(machines.map((machine) => hostOf(machine, project))));
      kill(dnsmasq.pid, 'SIGHUP');
    },
    metadataSocket: () => openSocket(names.switchNamespace, METADATA_ADDRESS, 80),
  };
}

function hostOf({ address, name, zone }: MachineSpec, project: string): Host {
  return { address, names: instanceNames(name, zone, project) };
}

async function namespaceExists(namespace: string): Promise<boolean> {
  return (await run('ip', ['netns', 'list'])).split('\n').some((line) => line.split(' ')[0] === namespace);
}

/** `ip -batch`: one process for all steps, stops at the first that fails. */
async function buildSwitch({ id, switchNamespace }: LabNames, range: string): Promise<void> {
  await run('ip', ['netns', 'add', switchNamespace]);
  await run(
    'ip',
    ['-n', switchNamespace, '-batch', '-'],
    [
      'link set lo up',
      'link add br0 type bridge',
      `link set br0 mtu ${MTU} up`,
      `link add cable0 mtu ${MTU} type veth peer name ${id} mtu ${MTU} netns ${process.pid}`,
      'link set cable0 master br0 up',
      `addr add ${addressIn(range, SERVICES_HOST)}/24 dev br0`,
      `addr add ${METADATA_ADDRESS}/32 dev br0`,
    ].join('\n'),
  );
  for (const family of ['ipv4', 'ipv6'])
    await attempt('sysctl', ['-qw', `net.${family}.conf.${id}.forwarding=0`]);
  await run('ip', ['addr', 'add', `${addressIn(range, 1)}/24`, 'dev', id]);
  await run('ip', ['link', 'set', id, 'up']);
}

async function attach(names: LabNames, namespace: string, address: string): Promise<void> {
  const port = `port${address.slice(address.lastIndexOf('.') + 1)}`;
  await run('ip', ['netns', 'add', namespace]);
  await run(
    'ip',
    ['-n', namespace, '-batch', '-'],
    [
      `link add eth0 mtu ${MTU} address ${hardwareAddress(address)} type veth peer name ${port} mtu ${MTU} netns ${names.switchNamespace}`,
      'link set lo up',
    ].join('\n'),
  );
  await run('ip', ['-n', names.switchNamespace, 'link', 'set', port, 'master', 'br0', 'up']);
}
