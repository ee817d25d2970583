/** The environment in which rtpfleet's programs and gcloud talk to the lab instead of Google. Pure. */
import { join } from 'node:path';
import type { LabFile } from './lab-file.ts';

export function clientVariables(lab: LabFile): Readonly<Record<string, string>> {
  return {
    RTPFLEET_LAB: lab.folder,
    RTPFLEET_ENDPOINT: lab.endpoint,
    RTPFLEET_PROJECT: lab.project,
    CLOUDSDK_CONFIG: join(lab.folder, 'gcloud'),
    CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE: `${lab.endpoint}/compute/v1/`,
    CLOUDSDK_AUTH_DISABLE_CREDENTIALS: 'true',
    CLOUDSDK_CORE_PROJECT: lab.project,
    CLOUDSDK_CORE_DISABLE_PROMPTS: '1',
    CLOUDSDK_CORE_CHECK_GCE_METADATA: 'false',
    CLOUDSDK_CORE_DISABLE_USAGE_REPORTING: 'true',
    CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK: 'true',
    CLOUDSDK_SURVEY_DISABLE_PROMPTS: 'true',
  };
}
