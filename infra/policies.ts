/**
 * What holds for every stack, whatever its fleet file and whoever changed the program: each policy looks at the evaluated resources.
 * `pnpm infra:preview` runs them all. Pure.
 */
import { CALL_POLICIES } from './policies/calls.ts';
import { IDENTITY_POLICIES } from './policies/identity.ts';
import { KEEPING_POLICIES } from './policies/keeping.ts';
import { LIMIT_POLICIES } from './policies/limits.ts';
import { NETWORK_POLICIES } from './policies/network.ts';
import type { Finding, Policy, Subject } from './policies/subject.ts';

export const POLICIES: readonly Policy[] = [
  ...NETWORK_POLICIES,
  ...IDENTITY_POLICIES,
  ...KEEPING_POLICIES,
  ...CALL_POLICIES,
  ...LIMIT_POLICIES,
];

export type Broken = { readonly policy: Policy; readonly findings: readonly Finding[] };

/** The policies that a stack breaks, with where and how; none: all are kept. */
export function brokenPolicies(subject: Subject): readonly Broken[] {
  return POLICIES.map((policy) => ({ policy, findings: policy.broken(subject) })).filter(
    ({ findings }) => findings.length > 0,
  );
}
