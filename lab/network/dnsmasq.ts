/** DHCP and DNS of a lab, by a real dnsmasq on the lab's bridge: what GCE's own DHCP and metadata DNS say. Pure. */
import { addressIn, hardwareAddress } from '../names.ts';

export type Host = { readonly address: string; readonly names: readonly string[] };

export type DnsmasqOptions = {
  readonly range: string;
  readonly project: string;
  readonly hostsFile: string;
  readonly pidFile: string;
};

export const METADATA_ADDRESS = '169.254.169.254';
/** GCE's default for a VPC network. */
export const MTU = 1460;

/** Host part of the address that DHCP answers from and that ends the default route. */
export const SERVICES_HOST = 2;

/**
 * Every address of the range is bound to its hardware address from the start, so a new machine needs no reload. Unknown names are
 * NXDOMAIN (a refusal makes resolved try again with fewer features). The default route ends in a namespace that
 * forwards nothing; the metadata address is on the link, and both come by option 121, as a client then ignores option 3.
 */
export function dnsmasqArguments(options: DnsmasqOptions): readonly string[] {
  const { range, project } = options;
  const services = addressIn(range, SERVICES_HOST);
  const domain = `c.${project}.internal`;
  const hosts = Array.from({ length: 254 }, (_, index) => addressIn(range, index + 1));
  return [
    '--keep-in-foreground',
    '--conf-file=/dev/null',
    `--pid-file=${options.pidFile}`,
    '--user=root',
    '--log-facility=-',
    '--interface=br0',
    '--except-interface=lo',
    '--bind-interfaces',
    '--no-hosts',
    '--no-resolv',
    `--addn-hosts=${options.hostsFile}`,
    '--address=/#/',
    '--no-ping',
    '--leasefile-ro',
    '--dhcp-authoritative',
    '--dhcp-ignore-names',
    '--dhcp-rapid-commit',
    `--dhcp-range=${addressIn(range, 0)},static,255.255.255.0,infinite`,
    ...hosts.map((address) => `--dhcp-host=${hardwareAddress(address)},${address}`),
    `--dhcp-option=option:mtu,${MTU}`,
    `--dhcp-option=option:dns-server,${METADATA_ADDRESS}`,
    `--dhcp-option=option:domain-name,${domain}`,
    `--dhcp-option=option:domain-search,${domain},google.internal`,
    `--dhcp-option=option:router,${services}`,
    `--dhcp-option=121,${METADATA_ADDRESS}/32,0.0.0.0,0.0.0.0/0,${services}`,
  ];
}

/** GCE's internal DNS names of an instance, zonal first, and the bare name. */
export function instanceNames(name: string, zone: string, project: string): readonly string[] {
  return [`${name}.${zone}.c.${project}.internal`, `${name}.c.${project}.internal`, name];
}

/** The hosts file (hosts(5)). */
export function hostsFile(hosts: readonly Host[]): string {
  const metadata: Host = {
    address: METADATA_ADDRESS,
    names: ['metadata.google.internal', 'metadata'],
  };
  return [metadata, ...hosts].map(({ address, names }) => `${address} ${names.join(' ')}\n`).join('');
}
