/** Policies of identity: what machines and accounts may do. Pure. */
import { type Json, UNKNOWN } from '../evaluate/protocol.ts';
import { preservedMetadata } from '../seat-guard.ts';
import { findings, ofKind, type Policy, record, records, type Subject, texts } from './subject.ts';

const MACHINES = ['compute/instance', 'compute/instanceTemplate', 'compute/regionInstanceTemplate'];

/** Google's default accounts, which may edit the whole project (cloud.google.com/compute/docs/access/service-accounts). */
const DEFAULT_ACCOUNT =
  /^default$|-compute@developer\.gserviceaccount\.com$|@(cloudservices|appspot)\.gserviceaccount\.com$/;

function accountsOf(inputs: Json): readonly Json[] {
  return records(inputs.serviceAccount);
}

const ownAccount: Policy = {
  name: 'own-account',
  rule: 'Every machine runs as a service account of its own, never as the default one.',
  broken: (subject) =>
    ofKind(subject, ...MACHINES).flatMap((resource) => {
      const emails = accountsOf(resource.inputs).map(({ email }) => email);
      // GCE: a machine that names an account without its e-mail gets the default one.
      const bad = emails.filter((email) => email === undefined || DEFAULT_ACCOUNT.test(String(email)));
      return findings(
        resource,
        bad.map((email) => `it runs as the default service account (${email ?? 'none named'})`),
      );
    }),
};

/** Scopes that reach beyond one service or that can change what it holds. */
const BROAD_SCOPE =
  /\/auth\/(cloud-platform|compute|devstorage\.(full_control|read_write)|cloud-platform\.read-only|sqlservice\.admin|.*\.admin|datastore|userinfo\..*)$/;

/** Secret Manager takes no narrower scope (cloud.google.com/secret-manager/docs/accessing-the-api). */
const CLOUD_PLATFORM = /(^|\/)cloud-platform$/;

const narrowScopes: Policy = {
  name: 'narrow-scopes',
  rule: 'No machine has a broad scope, but to read a secret that it is granted by name.',
  broken: (subject) => {
    const readers = secretReaders(subject);
    return ofKind(subject, ...MACHINES).flatMap((resource) =>
      accountsOf(resource.inputs).flatMap(({ email, scopes }) => {
        const reads = readers.has(`serviceAccount:${email}`);
        const broad = texts(scopes).filter((scope) =>
          CLOUD_PLATFORM.test(scope) ? !reads : isBroadAlias(scope) || BROAD_SCOPE.test(scope),
        );
        return findings(
          resource,
          broad.map((scope) => `it has the broad scope ${scope}`),
        );
      }),
    );
  },
};

/** gcloud's short names of broad scopes. */
function isBroadAlias(scope: string): boolean {
  return ['cloud-platform', 'compute-rw', 'storage-full', 'storage-rw', 'sql-admin'].includes(scope);
}

/** Members that may read a single secret. */
function secretReaders(subject: Subject): ReadonlySet<string> {
  const grants = ofKind(subject, 'secretmanager/secretIamMember', 'secretmanager/secretIamBinding');
  return new Set(grants.flatMap(({ inputs }) => [...texts([inputs.member]), ...texts(inputs.members)]));
}

/** Roles that reach everything in a project, or hand out rights in it (cloud.google.com/iam/docs/understanding-roles). */
const BROAD_ROLES: ReadonlySet<string> = new Set([
  'roles/owner',
  'roles/editor',
  'roles/viewer',
  'roles/admin',
  'roles/writer',
  'roles/reader',
  'roles/compute.admin',
  'roles/storage.admin',
  'roles/iam.securityAdmin',
  'roles/iam.serviceAccountAdmin',
  'roles/iam.serviceAccountKeyAdmin',
  'roles/resourcemanager.projectIamAdmin',
]);

/** Fine on one resource; on a whole project they reach every account, or every secret, of it. */
const BROAD_ON_PROJECT: ReadonlySet<string> = new Set([
  'roles/iam.serviceAccountUser',
  'roles/iam.serviceAccountTokenCreator',
  'roles/secretmanager.secretAccessor',
  'roles/secretmanager.admin',
]);

const narrowRoles: Policy = {
  name: 'narrow-roles',
  rule: 'No primitive or project-wide administrator role is granted, and nothing to everyone.',
  broken: (subject) =>
    subject.resources.filter(isGrant).flatMap((resource) => {
      const { role, condition, member, members } = resource.inputs;
      const wide = BROAD_ON_PROJECT.has(String(role)) && isOfProject(resource) && condition === undefined;
      const everyone = [...texts([member]), ...texts(members)].filter((one) => /^all(Auth|Users)/.test(one));
      return findings(resource, [
        ...(BROAD_ROLES.has(String(role)) ? [`it grants ${role}`] : []),
        ...(wide ? [`it grants ${role} on the whole project`] : []),
        ...everyone.map((one) => `it grants ${role} to ${one}`),
      ]);
    }),
};

function isGrant({ type }: { readonly type: string }): boolean {
  return /iam(member|binding)/i.test(type);
}

function isOfProject({ type }: { readonly type: string }): boolean {
  return /^gcp:(projects|organizations|folder)\//.test(type);
}

const grantsAddUp: Policy = {
  name: 'grants-add-up',
  rule: 'No grant takes away what others were granted, and no service account has a key.',
  broken: (subject) => [
    ...subject.resources
      .filter((one) => isOfProject(one) && /iam(binding|policy)/i.test(one.type))
      .map((resource) => ({ resource, message: 'it replaces grants of the project that others made' })),
    ...ofKind(subject, 'serviceaccount/key').map((resource) => ({
      resource,
      message: 'a key lasts for ever, wherever it is copied to',
    })),
  ],
};

const SECRET_WORD = /passw|secret|token|private.?key|auth.?string/i;
const LOGIN_KEYS = ['ssh-keys', 'sshKeys'];

const metadataIsPublic: Policy = {
  name: 'no-secret-in-metadata',
  rule: 'Metadata, which every program on a machine can read, holds no secret and no SSH key.',
  broken: (subject) =>
    subject.resources
      .filter(
        ({ inputs }) =>
          ('metadata' in inputs || 'preservedState' in inputs) && !Array.isArray(inputs.metadata),
      )
      .flatMap((resource) => {
        const { metadata, preservedState } = resource.inputs;
        const entries = Object.entries({ ...record(metadata), ...preservedMetadata(preservedState) });
        const bad = entries.filter(([key, value]) => SECRET_WORD.test(key) && !isReference(value));
        const keys = entries.filter(([key]) => LOGIN_KEYS.includes(key));
        return findings(resource, [
          ...(['metadata', 'preservedState'].some((key) => resource.secrets.includes(key))
            ? ['a value of its metadata is a secret']
            : []),
          ...bad.map(([key]) => `${key} in its metadata is not the name of a secret but its value`),
          ...keys.map(([key]) => `${key} in its metadata lets in whoever has the key`),
        ]);
      }),
};

/** Where a secret is kept, or the URL that reads it there, is none. */
function isReference(value: unknown): boolean {
  const place = /^(https?:\/\/[^/]+\/v1\/)?projects\/[^/]+\/secrets\/[^/]+(\/versions\/[^/:]+(:access)?)?$/;
  return value === UNKNOWN || place.test(String(value));
}

export const IDENTITY_POLICIES: readonly Policy[] = [
  ownAccount,
  narrowScopes,
  narrowRoles,
  grantsAddUp,
  metadataIsPublic,
];
