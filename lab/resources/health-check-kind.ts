/** Health checks, of the types that the lab can probe itself (lab/groups/probe.ts). */
import { invalid, unsupported } from '../refusal.ts';
import type { HealthCheck } from '../types.ts';
import { firstUser } from './kind-common.ts';
import type { SimpleKind } from './simple.ts';

/** What the lab can ask a machine itself. */
const PROBES: Readonly<Record<string, string>> = { HTTP: 'httpHealthCheck', TCP: 'tcpHealthCheck' };

export const healthCheck: SimpleKind = {
  service: 'HealthChecks',
  table: 'healthChecks',
  kind: 'compute#healthCheck',
  variable: 'healthCheck',
  patch: true,
  aggregated: false,
  complete: (_call, resource) => {
    const key = PROBES[String(resource.type)];
    if (resource.type === undefined) throw invalid('resource.type', '', 'A type must be specified.');
    if (key === undefined) throw unsupported(`compute.healthChecks.insert of type ${String(resource.type)}`);
    const probe = {
      port: 80,
      proxyHeader: 'NONE',
      ...(key === 'httpHealthCheck' ? { requestPath: '/' } : {}),
    };
    const filled: HealthCheck = {
      checkIntervalSec: 5,
      timeoutSec: 5,
      healthyThreshold: 2,
      unhealthyThreshold: 2,
    };
    const merged = { ...filled, ...resource } as HealthCheck;
    if (Number(merged.timeoutSec) > Number(merged.checkIntervalSec))
      throw invalid('resource.timeoutSec', merged.timeoutSec, 'Must not be greater than checkIntervalSec.');
    return { ...merged, [key]: { ...probe, ...(resource[key] as object | undefined) } };
  },
  usedBy: (lab, self) => firstUser(lab, self, ['instanceGroupManagers']),
};
