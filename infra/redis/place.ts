/** How a machine finds the fleet's Redis, and who may read its secrets. */
import { SecretIamMember } from '@pulumi/gcp/secretmanager/secretIamMember.js';
import * as pulumi from '@pulumi/pulumi';

export type RedisPlace = {
  readonly host: pulumi.Output<string>;
  readonly port: pulumi.Output<number>;
  /** Secret Manager version that holds the password, `projects/…/secrets/…/versions/latest`; absent: it asks for none. */
  readonly secret?: pulumi.Output<string>;
  /** The authority that is this Redis's own, with which it is spoken to by TLS; absent: it has none. */
  readonly authority?: Authority;
};

export type Authority = {
  /** PEM: one certificate, or two while the authority changes. */
  readonly certificates: pulumi.Output<string>;
  /** Secret Manager version that holds them. No secret, but there a rollout reads it as it is, whatever template a relay was made from. */
  readonly secret: pulumi.Output<string>;
};

/** Lets accounts, by their e-mails, read one secret. */
export function grantReaders(
  name: string,
  readers: Readonly<Record<string, pulumi.Output<string>>>,
  version: pulumi.Output<string>,
  parent: pulumi.Resource,
): void {
  for (const [who, email] of Object.entries(readers))
    new SecretIamMember(
      `${name}-${who}`,
      {
        project: version.apply((path) => path.split('/')[1] ?? ''),
        secretId: version.apply((path) => path.split('/')[3] ?? ''),
        role: 'roles/secretmanager.secretAccessor',
        member: pulumi.interpolate`serviceAccount:${email}`,
      },
      { parent },
    );
}
