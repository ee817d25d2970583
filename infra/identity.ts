/** Who a relay is: a service account of its own that may write logs and metrics, and nothing more. */
import { IAMMember } from '@pulumi/gcp/projects/iammember.js';
import { Account } from '@pulumi/gcp/serviceaccount/account.js';
import * as pulumi from '@pulumi/pulumi';
import type { Fleet } from '../configs/fleet.ts';

/** A relay needs no other API: its metadata and guest attributes come from the metadata server, which asks for no role. */
const RELAY_ROLES = ['roles/logging.logWriter', 'roles/monitoring.metricWriter'];

/** Bounds what a token on a relay can do, whatever roles the account is given later. */
export const RELAY_SCOPES: readonly string[] = [
  'https://www.googleapis.com/auth/logging.write',
  'https://www.googleapis.com/auth/monitoring.write',
];

export class RelayIdentity extends pulumi.ComponentResource {
  readonly email: pulumi.Output<string>;

  constructor(name: string, fleet: Readonly<Fleet>, opts?: pulumi.ComponentResourceOptions) {
    super('rtpfleet:infra:RelayIdentity', name, {}, opts);
    const { project } = fleet.cloud;
    const account = new Account(
      name,
      { project, accountId: `${fleet.name}-relay`, displayName: `Relays of fleet ${fleet.name}` },
      { parent: this },
    );
    for (const role of RELAY_ROLES) {
      new IAMMember(
        `${name}-${role.split('.')[1]}`,
        { project, role, member: pulumi.interpolate`serviceAccount:${account.email}` },
        { parent: this },
      );
    }
    this.email = account.email;
    this.registerOutputs({ email: this.email });
  }
}
