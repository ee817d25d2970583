/** Alerts, who is told, and a dashboard in Cloud Monitoring. What they say is in monitoring/, pure. */
import { AlertPolicy } from '@pulumi/gcp/monitoring/alertPolicy.js';
import { Dashboard } from '@pulumi/gcp/monitoring/dashboard.js';
import { NotificationChannel } from '@pulumi/gcp/monitoring/notificationChannel.js';
import * as pulumi from '@pulumi/pulumi';
import type { Fleet } from '../configs/fleet.ts';
import { LABEL } from '../configs/naming.ts';
import { type Alert, alertsOf, type Condition } from './monitoring/alerts.ts';
import { dashboardOf } from './monitoring/dashboard.ts';

export class FleetMonitoring extends pulumi.ComponentResource {
  constructor(name: string, fleet: Readonly<Fleet>, opts?: pulumi.ComponentResourceOptions) {
    super('rtpfleet:infra:FleetMonitoring', name, {}, opts);
    const { project } = fleet.cloud;
    const userLabels = { [LABEL.fleet]: fleet.name };
    const channels = fleet.monitoring.emails.map(
      (email, index) =>
        new NotificationChannel(
          `${name}-email-${index}`,
          {
            project,
            type: 'email',
            displayName: `rtpfleet ${fleet.name}: ${email}`,
            labels: { email_address: email },
            userLabels,
          },
          { parent: this },
        ).name,
    );
    for (const alert of alertsOf(fleet))
      new AlertPolicy(
        `${name}-${alert.name}`,
        { project, notificationChannels: channels, userLabels, ...policyArgs(alert) },
        { parent: this },
      );
    new Dashboard(name, { project, dashboardJson: dashboardOf(fleet) }, { parent: this });
    this.registerOutputs();
  }
}

function policyArgs({ title, severity, text, condition }: Alert) {
  return {
    displayName: title,
    severity,
    combiner: 'OR',
    documentation: { content: text, mimeType: 'text/markdown' },
    conditions: [conditionArgs(title, condition)],
    // Only a policy on the log has a limit, and it must have one.
    ...(condition.kind === 'log'
      ? { alertStrategy: { notificationRateLimit: { period: '300s' }, autoClose: '1800s' } }
      : {}),
  };
}

function conditionArgs(displayName: string, condition: Condition) {
  switch (condition.kind) {
    case 'log':
      return { displayName, conditionMatchedLog: { filter: condition.filter } };
    case 'promql':
      return {
        displayName,
        conditionPrometheusQueryLanguage: {
          query: condition.query,
          duration: `${condition.forSeconds}s`,
          evaluationInterval: '30s',
          // A metric is not there until the first relay is scraped, and the policy must be.
          disableMetricValidation: true,
        },
      };
    default:
      return condition satisfies never;
  }
}
