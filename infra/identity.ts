/** Who the fleet's machines and programs are: a service account each, that may do what it does and nothing more. */
import { IAMCustomRole } from '@pulumi/gcp/projects/iamcustomRole.js';
import { IAMMember } from '@pulumi/gcp/projects/iammember.js';
import { Account } from '@pulumi/gcp/serviceaccount/account.js';
import { IAMMember as AccountMember } from '@pulumi/gcp/serviceaccount/iammember.js';
import * as pulumi from '@pulumi/pulumi';
import type { Fleet } from '../configs/fleet.ts';
import { hasFloatingAddresses } from '../configs/floating.ts';
import { relayCount } from '../configs/places.ts';
import { controllerPermissions, publisherPermissions } from './permissions.ts';

/** Metadata and guest attributes come from the metadata server, which asks for no role. */
const RELAY_ROLES = ['roles/logging.logWriter', 'roles/monitoring.metricWriter'];

/** Bounds what a token on a relay can do, whatever roles the account is given later. */
const RELAY_SCOPES: readonly string[] = [
  'https://www.googleapis.com/auth/logging.write',
  'https://www.googleapis.com/auth/monitoring.write',
];

/** The only scope that Secret Manager takes (cloud.google.com/secret-manager/docs/authentication); what it opens is bounded by roles. */
const SECRET_SCOPE = 'https://www.googleapis.com/auth/cloud-platform';

/** Whether a relay itself reads the password of Redis: only where it keeps call state there (see template.ts and seat.ts). */
export function readsSecret(fleet: Readonly<Fleet>): boolean {
  return (
    (relayCount(fleet) === 1 || hasFloatingAddresses(fleet)) &&
    (fleet.redis.auth || fleet.redis.secret !== undefined)
  );
}

/** Scopes of a relay's token: the narrow ones, unless it has to read a secret. */
export function relayScopes(fleet: Readonly<Fleet>): readonly string[] {
  return readsSecret(fleet) ? [SECRET_SCOPE] : RELAY_SCOPES;
}

/** Three service accounts. None has a key: who may act as those for programs is said by IAM. */
export class FleetIdentity extends pulumi.ComponentResource {
  /** E-mails. */
  readonly relay: pulumi.Output<string>;
  /** For the machine, or the CI, on which `rollout` runs. */
  readonly controller: pulumi.Output<string>;
  /** For whoever runs `image:build`. */
  readonly publisher: pulumi.Output<string>;

  constructor(name: string, fleet: Readonly<Fleet>, opts?: pulumi.ComponentResourceOptions) {
    super('rtpfleet:infra:FleetIdentity', name, {}, opts);
    const { project } = fleet.cloud;
    const account = (what: string, displayName: string) =>
      new Account(
        `${name}-${what}`,
        { project, accountId: `${fleet.name}-${what}`, displayName: `${displayName} ${fleet.name}` },
        { parent: this },
      );
    const grant = (what: string, role: pulumi.Input<string>, email: pulumi.Output<string>) =>
      new IAMMember(
        `${name}-${what}`,
        { project, role, member: pulumi.interpolate`serviceAccount:${email}` },
        { parent: this },
      );
    const relays = account('relay', 'Relays of fleet');
    this.relay = relays.email;
    // IAM: an account's id has at most 30 characters, and a fleet's name 20.
    this.controller = account('rollout', 'Rollouts of fleet').email;
    this.publisher = account('images', 'Images of fleet').email;
    for (const role of RELAY_ROLES) grant(`relay-${role.split('.')[1]}`, role, this.relay);
    grant(
      'controller',
      customRole(name, fleet, 'controller', controllerPermissions(), this),
      this.controller,
    );
    grant('publisher', customRole(name, fleet, 'publisher', publisherPermissions(), this), this.publisher);
    // A group that is pointed at a template acts for whoever does it, in the name of the relays' account: this one, and no other.
    new AccountMember(
      `${name}-controller-acts-as-relay`,
      {
        serviceAccountId: relays.name,
        role: 'roles/iam.serviceAccountUser',
        member: pulumi.interpolate`serviceAccount:${this.controller}`,
      },
      { parent: this },
    );
    const { relay, controller, publisher } = this;
    this.registerOutputs({ relay, controller, publisher });
  }
}

/** Resolves with the role's full name, which also makes a grant of it wait for the role. */
function customRole(
  name: string,
  fleet: Readonly<Fleet>,
  what: string,
  permissions: readonly string[],
  parent: pulumi.Resource,
): pulumi.Output<string> {
  const role = new IAMCustomRole(
    `${name}-${what}`,
    {
      project: fleet.cloud.project,
      // IAM: letters, digits, `_` and `.`.
      roleId: `${fleet.name.replaceAll('-', '_')}_${what}`,
      title: `rtpfleet ${what} of ${fleet.name}`,
      description: `What the ${what} of fleet ${fleet.name} calls`,
      permissions: [...permissions],
      stage: 'GA',
    },
    { parent },
  );
  return role.name;
}
