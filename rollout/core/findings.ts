/** What is wrong in a fleet between two rollouts, each finding with the next step. Pure. */
import { groupName, METADATA } from '../../configs/naming.ts';
import type { Cordon, Fleet, Relay, SelfReport } from './fleet.ts';
import { isAdmitting, isUnknown } from './fleet.ts';
import { isAway } from './floating.ts';
import { isByHand } from './labels.ts';
import { failedChecks } from './own-checks.ts';
import { isOut, phaseOf } from './phase.ts';
import type { Policy } from './policy.ts';

/** What an earlier rollout left behind in the cloud, and that no later one clears away by itself. */
export type Leftover = {
  readonly zone: string;
  readonly name: string;
  /** `metadata`: the VM would be born cordoned at its next reboot. `configuration`: of a relay that is not there. */
  readonly kind: 'metadata' | 'configuration';
};

export type Finding = {
  readonly kind:
    | 'changing'
    | 'silent'
    | 'cordoned'
    | 'cordon-lost'
    | 'forced'
    | 'not-admitted'
    | 'off-target'
    | 'unhealthy'
    | 'wrong-version'
    | 'leftover'
    | 'off-in-proxy'
    | 'address-away'
    | 'dark-zone';
  readonly zone: string;
  /** Absent: the whole zone. */
  readonly relay?: string;
  readonly message: string;
  /** What to do, an imperative sentence. */
  readonly next: string;
};

export type Evidence = {
  readonly fleet: Fleet;
  /** What each relay that runs wrote about itself, by its name. */
  readonly reports: ReadonlyMap<string, SelfReport>;
  readonly leftovers: readonly Leftover[];
  /** Relays that somebody switched off in a SIP proxy. */
  readonly leftOut: readonly { readonly relay: string; readonly proxy: string }[];
  /** The rollout that is on: what it has under way is its own business. */
  readonly run: string | undefined;
};

type Said = Pick<Finding, 'kind' | 'message' | 'next'>;

export function findings(evidence: Evidence, policy: Policy): readonly Finding[] {
  const { fleet, reports, leftovers } = evidence;
  const ofRelays = fleet.relays.flatMap((relay) =>
    ofRelay(relay, reports.get(relay.name), evidence).map((said) => ({
      ...said,
      zone: relay.zone,
      relay: relay.name,
    })),
  );
  const dark = fleet.zones.filter((zone) => {
    const relays = fleet.relays.filter((relay) => relay.zone === zone);
    const isDark = relays.every((relay) => isOut({ relay, phase: phaseOf(relay, policy) }));
    return isDark && !relays.some((relay) => isUnderWay(relay, evidence.run));
  });
  return [
    ...dark.map((zone) => darkZone(zone)),
    ...ofRelays,
    ...leftovers.map((leftover) => left(leftover, fleet.name)),
  ];
}

function ofRelay(relay: Relay, report: SelfReport | undefined, evidence: Evidence): readonly Said[] {
  const { fleet, run } = evidence;
  const elsewhere = away(relay, run);
  if (relay.vm.state === 'changing')
    return run === undefined ? [changing(relay, fleet.name), ...elsewhere] : [];
  const offTarget = [...(relay.onTarget || run !== undefined ? [] : [stale(relay, fleet)]), ...elsewhere];
  if (isUnknown(relay)) return [silent(relay), ...forced(relay, run), ...offTarget];
  return [
    ...service(relay, run),
    ...forced(relay, run),
    ...offTarget,
    ...health(relay, report),
    ...offInProxy(relay, evidence),
  ];
}

/** Does the rollout that is on see to it? A zone of one relay is dark while that is replaced. */
function isUnderWay({ vm, cordon, awaitsController }: Relay, run: string | undefined): boolean {
  return run !== undefined && (vm.state === 'changing' || cordon?.by === run || awaitsController);
}

/** Nobody but a rollout brings it home. */
function away(relay: Relay, run: string | undefined): readonly Said[] {
  if (!isAway(relay) || run !== undefined) return [];
  const { address, at } = relay.floating ?? {};
  const where = at === undefined ? 'goes to no relay' : `and the calls there are with ${at}`;
  const message = `its address ${address} ${where}, and no rollout is on`;
  return [
    { kind: 'address-away', message, next: 'Finish the rollout, which brings it home: rollout --drain' },
  ];
}

/** Does it take calls as its labels and its group say? */
function service(relay: Relay, run: string | undefined): readonly Said[] {
  const { cordon, name, awaitsController } = relay;
  const admits = isAdmitting(relay) === true;
  if (cordon !== undefined)
    return cordon.by === run ? [] : [admits ? lost(name, cordon) : shut(name, cordon)];
  if (run !== undefined && awaitsController) return [];
  if (!admits) return [notAdmitted(relay)];
  if (!awaitsController) return [];
  const message = `its group still holds ${METADATA.admission}=controller, so its next boot would leave it cordoned`;
  return [{ kind: 'leftover', message, next: `Take it off: rollout uncordon ${name}` }];
}

/** Once no rollout is on, nobody remembers it, and the next one would cut calls. */
function forced({ name, forcedBy }: Relay, run: string | undefined): readonly Said[] {
  if (forcedBy === undefined || run !== undefined) return [];
  const message = `${forcedBy} wants it replaced with its calls, and no rollout is on: the next one cuts them`;
  return [{ kind: 'forced', message, next: `Take it back: rollout force ${name} --undo` }];
}

function shut(name: string, cordon: Cordon): Said {
  const since = new Date(cordon.at).toISOString();
  const how = isByHand(cordon) ? 'by hand' : 'and no such rollout is on';
  const finish = isByHand(cordon) ? '' : ', or finish the rollout: rollout --drain';
  const message = `cordoned since ${since} by ${cordon.by}, ${how}`;
  return { kind: 'cordoned', message, next: `Take it back: rollout uncordon ${name}${finish}` };
}

function lost(name: string, { by }: Cordon): Said {
  return {
    kind: 'cordon-lost',
    message: `${by} cordoned it, but it takes calls: RTPEngine has restarted since, or somebody set its limit`,
    next: `Cordon it again: rollout cordon ${name}; or let it be: rollout uncordon ${name}`,
  };
}

function notAdmitted({ name, awaitsController }: Relay): Said {
  return {
    kind: 'not-admitted',
    message: awaitsController
      ? 'it was born cordoned and waits for a rollout to admit it, and none is on'
      : 'it takes no calls, and nothing says who cordoned it',
    next: awaitsController
      ? 'Admit it after its health gate: rollout --drain'
      : `Take it back: rollout uncordon ${name}`,
  };
}

function stale(relay: Relay, { targets }: Fleet): Said {
  const wanted = targets.find(({ zone }) => zone === relay.zone);
  return {
    kind: 'off-target',
    message: `it runs ${relay.version ?? 'an unknown version'}, its group wants ${wanted?.version ?? '?'} (image ${wanted?.image ?? '?'})`,
    next: 'Roll the fleet: rollout --drain',
  };
}

function health(relay: Relay, report: SelfReport | undefined): readonly Said[] {
  const look = serialPort(relay);
  if (report?.health === undefined)
    return [{ kind: 'unhealthy', message: 'it has not reported its health', next: look }];
  const bad = failedChecks(report).map((message): Said => ({ kind: 'unhealthy', message, next: look }));
  const { version } = report;
  if (version === undefined || relay.version === undefined || version === relay.version) return bad;
  const message = `it runs ${version}, but the image of its template holds ${relay.version}`;
  return [...bad, { kind: 'wrong-version', message, next: 'Build the image anew, and roll the fleet to it' }];
}

/** Takes calls, and a proxy sends it none. What a rollout has under way does not take calls yet. */
function offInProxy(relay: Relay, { leftOut }: Evidence): readonly Said[] {
  if (isAdmitting(relay) !== true) return [];
  return leftOut
    .filter((one) => one.relay === relay.name)
    .map(({ proxy }) => ({
      kind: 'off-in-proxy',
      message: `${proxy} has it switched off, though it takes calls`,
      next: `Switch it on there: rollout uncordon ${relay.name}`,
    }));
}

function changing({ vm, zone }: Relay, fleet: string): Said {
  return {
    kind: 'changing',
    message: `its group is changing it (${vm.detail}), and no rollout is on`,
    next: `Look again; if it lasts: gcloud compute instance-groups managed list-errors ${groupName(fleet, zone)} --zone ${zone}`,
  };
}

function silent(relay: Relay): Said {
  const newest = relay.looks.at(-1);
  const why = newest?.kind === 'silence' ? `: ${newest.reason}` : '';
  return { kind: 'silent', message: `it does not answer${why}`, next: serialPort(relay) };
}

function serialPort({ name, zone }: Relay): string {
  return `See why: gcloud compute instances get-serial-port-output ${name} --zone ${zone}`;
}

function darkZone(zone: string): Finding {
  return {
    kind: 'dark-zone',
    zone,
    message: 'no relay of this zone takes calls',
    next: 'See its relays: rollout status',
  };
}

function left({ zone, name, kind }: Leftover, fleet: string): Finding {
  const group = groupName(fleet, zone);
  return {
    kind: 'leftover',
    zone,
    relay: name,
    ...(kind === 'metadata'
      ? {
          message: `its VM still has ${METADATA.admission}=controller, so its next reboot would leave it cordoned`,
          next: `Refresh it: gcloud compute instance-groups managed update-instances ${group} --instances ${name} --minimal-action none --most-disruptive-allowed-action refresh --zone ${zone}`,
        }
      : {
          message: 'its group keeps a configuration for it, and there is no such relay',
          next: `Delete it: gcloud compute instance-groups managed instance-configs delete ${group} --instances ${name} --zone ${zone}`,
        }),
  };
}
