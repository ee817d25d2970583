/**
 * Every name that two programs must agree on: images, families, groups, relays, metadata keys, labels.
 * A name is derived here and nowhere else.
 */

/** Keys of instance metadata that a relay reads at boot (image-builder/on-image writes the readers). */
export const METADATA = {
  /** `host:port/db` of the Redis that keeps this relay's call state, and no other relay's; absent: none. */
  redis: 'rtpfleet-redis',
  /** `host:port/db` of the Redis that keeps the rollout's lock; absent: none. Read by `rollout`, not by relays. */
  control: 'rtpfleet-control',
  /** URL at which Secret Manager gives the password of that Redis; absent: it asks for none. */
  redisSecret: 'rtpfleet-redis-secret',
  /** URL at which Secret Manager gives the certificates (PEM) of the authority that is that Redis's own, which is then spoken to by
   * TLS; absent: it has none. Read by `rollout`. */
  redisCa: 'rtpfleet-redis-ca',
  /** Of a zone whose relays have floating addresses: these, in the order of their relays' indexes, with commas between. */
  floating: 'rtpfleet-floating',
  /** Of such a relay: its own floating address. */
  home: 'rtpfleet-home',
  /** Of such a relay: number of a database, at the Redis of `redis`, that stays empty and that it watches from its start on
   * (`subscribe-keyspace`): only an RTPEngine that watches one can be told while it runs to watch another. */
  watched: 'rtpfleet-watched',
  /** Of such a relay: number of the database that `redis` ends in, also where nobody knows yet at which address Redis will be. */
  database: 'rtpfleet-database',
  /** `self`: the relay admits itself after its own check; `controller`: it stays cordoned until it is admitted. */
  admission: 'rtpfleet-admission',
  /** GCE's own switch for guest attributes; value `TRUE`. */
  guestAttributes: 'enable-guest-attributes',
  /** GCE's own switch for OS Login; value `TRUE`. */
  osLogin: 'enable-oslogin',
  /** GCE's own: what the guest agent runs at every boot. */
  startUp: 'startup-script',
  /** GCE's own switch: SSH keys of the project let nobody in; value `TRUE`. */
  noProjectKeys: 'block-project-ssh-keys',
} as const;

/** Guest attributes that a relay writes, in namespace `rtpfleet`. */
export const GUEST = {
  namespace: 'rtpfleet',
  /** Version of the running RTPEngine as upstream names it, e.g. `mr12.5.1.31`. */
  version: 'version',
  /** JSON of `rtpfleet-health`: `{ok, checks: [{name, ok, detail}]}`, written once the boot is complete. */
  health: 'health',
  /** JSON of `rtpfleet-tuning`: `{ok, kernel, container, parameters: [{kind, name, wanted, actual, state}]}`; before health. */
  tuning: 'tuning',
} as const;

/** Labels on instances; what a rollout intends with a relay lives here, so that a killed run can be taken up. `home` is one of forwarding rules. */
export const LABEL = {
  fleet: 'rtpfleet',
  role: 'rtpfleet-role',
  /** Of the forwarding rule of a floating address: the relay that it belongs to, wherever it is now. */
  home: 'rtpfleet-home',
  /** Of a machine in which an image is examined: the run that made it. */
  run: 'rtpfleet-run',
  /** Set while a relay is cordoned by a rollout: Unix time in seconds when the cordon began. */
  cordonedAt: 'rtpfleet-cordoned-at',
  /** The run that cordoned it, `[a-z0-9-]{1,63}`. */
  cordonedBy: 'rtpfleet-cordoned-by',
  /** Session limit and delete-delay before the cordon, `<maxsessions>_<seconds>`, `-1` written as `none`; then silent-timeout
   * and offer-timeout, where a rollout has lowered them. */
  before: 'rtpfleet-before',
  /** Who wants it replaced with the calls that are on it. */
  force: 'rtpfleet-force',
  /** `hold` or `skip`: rollouts leave this relay alone; who said so, and why. */
  leave: 'rtpfleet-leave',
  leaveBy: 'rtpfleet-leave-by',
  leaveReason: 'rtpfleet-leave-reason',
} as const;

/** `mr12.5.1.31` on `debian-13`, recipe digest `3fa9c1…` → `rtpengine-mr12-5-1-31-debian-13-3fa9c1d2` (GCE: ≤ 63, `[a-z0-9-]`); on arm64, `…-debian-13-arm64-…`. */
export function imageName(
  version: string,
  base: string,
  digest: string,
  architecture: 'amd64' | 'arm64' = 'amd64',
): string {
  const other = architecture === 'amd64' ? '' : `-${architecture}`;
  return `rtpengine-${version.replaceAll('.', '-')}-${baseWord(base)}${other}-${digest.slice(0, 8)}`;
}

/** A base as it may stand in a name or a label of GCE: `ubuntu-24.04` → `ubuntu-2404`, as in Google's own names. */
export function baseWord(base: string): string {
  return base.replaceAll('.', '');
}

/** Image family that holds the promoted image of a fleet, newest non-deprecated first. */
export function imageFamily(fleet: string): string {
  return `rtpengine-${fleet}`;
}

/**
 * Instance template of a fleet for one image; templates are immutable, so the image's name is part of theirs. Of a name longer than
 * `longest` the image's beginning is left out: version and digest, at its end, tell templates apart.
 */
export function templateName(fleet: string, image: string, longest = 63): string {
  const name = `${fleet}-${image}`;
  if (name.length <= longest) return name;
  const end = image.replace(/^rtpengine-/, '').slice(-(longest - 1 - fleet.length));
  return `${fleet}-${end.replace(/^-+/, '')}`;
}

/** Zonal managed instance group of a fleet. */
export function groupName(fleet: string, zone: string): string {
  return `${fleet}-${zone}`;
}

/** Base name of a zone's relays, e.g. `lab-us-central1-a`; the group appends a stable suffix. */
export function relayBaseName(fleet: string, zone: string): string {
  return `${fleet}-${zone}`;
}

/**
 * Name of a relay with a floating address, and of its address, its forwarding rule and its target instance; such relays are made one by
 * one, so that each can have its own.
 * @param index from 0, in its zone
 */
export function relayName(fleet: string, zone: string, index: number): string {
  return `${relayBaseName(fleet, zone)}-${index}`;
}
