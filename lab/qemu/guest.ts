/** The metadata of the one virtual machine of a boot test, and what the machine tells about itself. Pure but for memory. */
import { GUEST, METADATA } from '../../configs/naming.ts';
import { METADATA_ADDRESS } from '../network/dnsmasq.ts';
import type { MetadataSource, MetadataTree } from '../ports.ts';

export const PROJECT = 'rtpfleet-boot';
const ZONE = 'us-central1-a';

/** Namespace of the guest attributes that `REPORT` writes. */
const NAMESPACE = 'boot';

/** After four bytes of attributes: 1 when it is on (UEFI 2.10, 3.3). Absent under a BIOS. */
const SECURE_BOOT = '/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c';

/**
 * Run in the machine by the guest agent, so that it proves the agent as well. A unit of its own: the script is part of the
 * boot, which it could not see the end of.
 */
const REPORT = `#!/bin/sh
exec systemd-run --no-block --unit=boot-report --collect /bin/sh -c '
tell() {
  curl -sf --max-time 20 --retry 3 -o /dev/null -X PUT --data-binary @- -H "Metadata-Flavor: Google" \\
    "http://${METADATA_ADDRESS}/computeMetadata/v1/instance/guest-attributes/${NAMESPACE}/$1"
}
systemctl is-system-running --wait | tell state
systemctl --failed --plain --no-legend --no-pager | cut -d " " -f 1 | tell failed
systemd-analyze time --no-pager | head -n 1 | tell startup
df --block-size=1 --output=size / | tail -n 1 | tell root-bytes
cat /sys/class/net/eth0/mtu | tell mtu
rtpfleet-health | tell health
od -An -tu1 -j4 -N1 ${SECURE_BOOT} | tell secure-boot
echo done | tell end
'
`;

export type GuestReport = {
  /** `systemctl is-system-running`: `running`, or `degraded` when a unit failed. */
  readonly state: string;
  readonly failedUnits: readonly string[];
  /** What `systemd-analyze time` says, in seconds of the emulated machine. */
  readonly startup: string;
  /** Size of the root file system. */
  readonly rootBytes: number;
  readonly mtu: number;
  /** What `rtpfleet-health` says at the end of the boot, of all RTPEngines. */
  readonly health: string;
  /** What the firmware told the kernel. */
  readonly secureBoot: boolean;
};

/** What a machine wrote as guest attributes: `namespace/key` → value. */
export type Told = ReadonlyMap<string, string>;

/** Undefined until the machine told everything. */
export function guestReport(told: Told): GuestReport | undefined {
  const value = (key: string): string => (told.get(`${NAMESPACE}/${key}`) ?? '').trim();
  if (value('end') === '') return undefined;
  return {
    state: value('state'),
    failedUnits: value('failed').split(/\s+/).filter(Boolean),
    startup: value('startup').replace(/^Startup finished in /, ''),
    rootBytes: Number(value('root-bytes')),
    mtu: Number(value('mtu')),
    health: value('health'),
    secureBoot: value('secure-boot') === '1',
  };
}

export type RelayReport = {
  readonly version: string;
  readonly health: string;
  /** JSON of `rtpfleet-tuning`; empty: none came. */
  readonly tuning: string;
};

/** Version, tuning and health as the image's own `rtpfleet-ready` tells them; of several RTPEngines, the last that told. */
export function relayReport(told: Told): RelayReport | undefined {
  const version = told.get(`${GUEST.namespace}/${GUEST.version}`);
  const health = told.get(`${GUEST.namespace}/${GUEST.health}`);
  const tuning = told.get(`${GUEST.namespace}/${GUEST.tuning}`) ?? '';
  return version === undefined || health === undefined ? undefined : { version, health, tuning };
}

/** A metadata server's source for the machine at `address`, and what that machine has told so far. */
export function guestSource(address: string, gateway: string): MetadataSource & { readonly told: Told } {
  const told = new Map<string, string>();
  const tree = metadataTree(address, gateway);
  return {
    told,
    tree: (asking) => (asking === address ? tree : undefined),
    putGuestAttribute: (asking, namespace, key, value) => {
      if (asking !== address) return false;
      told.set(`${namespace}/${key}`, value);
      return true;
    },
    onChange: () => () => undefined,
  };
}

/** Admission is left to a controller, as where an image is accepted: the machine stays cordoned. */
function metadataTree(address: string, gateway: string): MetadataTree {
  const name = 'boot-test';
  return {
    instance: {
      ...{ id: '7000000000000000001', name, zone: `projects/1/zones/${ZONE}` },
      hostname: `${name}.${ZONE}.c.${PROJECT}.internal`,
      attributes: {
        [METADATA.guestAttributes]: 'TRUE',
        [METADATA.admission]: 'controller',
        'startup-script': REPORT,
      },
      'network-interfaces': [{ ip: address, mac: '', gateway, 'access-configs': [], 'forwarded-ips': [] }],
    },
    project: { 'project-id': PROJECT, 'numeric-project-id': 1, attributes: {} },
  };
}
