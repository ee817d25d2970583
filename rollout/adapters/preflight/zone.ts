/** Would a zone and its group make the VM, under the name and address of the old one? Pure. */
import { type Facts, type GroupFacts, known, machineOf, ownImage } from './facts.ts';
import { stop, type Trouble, unseen } from './trouble.ts';

export function zoneTroubles(facts: Facts): readonly Trouble[] {
  return facts.groups.flatMap((group) => [
    ...zoneDown(group, facts),
    ...wrongPolicy(group),
    ...machineTroubles(group, facts),
  ]);
}

function zoneDown({ zone }: GroupFacts, { zones }: Facts): readonly Trouble[] {
  const status = String(known(zones.get(zone))?.status ?? 'UP');
  if (status === 'UP') return [];
  return [
    stop(
      `Zone ${zone} is ${status}, so that no VM is made in it.`,
      'Wait for it, or leave its relays out: rollout skip RELAY.',
    ),
  ];
}

/** What only an OPPORTUNISTIC group with RECREATE does: it moves no relay by itself, and keeps its name (infra/zone.ts). */
function wrongPolicy({ zone, name, group }: GroupFacts): readonly Trouble[] {
  const { type, replacementMethod } = group.updatePolicy ?? {};
  const next = 'Mend its update policy: pulumi up.';
  return [
    ...(String(type) === 'PROACTIVE'
      ? [
          stop(
            `The group ${name} in ${zone} is PROACTIVE: it replaces relays by itself, with their calls.`,
            next,
          ),
        ]
      : []),
    ...(String(replacementMethod) === 'RECREATE'
      ? []
      : [
          stop(
            `The group ${name} in ${zone} replaces by ${String(replacementMethod || 'SUBSTITUTE')}: a new relay would have another name and address.`,
            next,
          ),
        ]),
  ];
}

function machineTroubles({ zone, template }: GroupFacts, facts: Facts): readonly Trouble[] {
  const wanted = known(facts.templates.get(template));
  const type = machineOf(wanted);
  const found = facts.machines.get(`${zone}/${type}`);
  if (found === undefined || found.kind === 'unsupported') return [];
  if (found.kind === 'refused') return [unseen(`The machine type ${type} in ${zone}`, found.because)];
  const next = 'Name another in relays.machineType of the fleet file: pulumi up.';
  if (found.kind !== 'known')
    return [stop(`Zone ${zone} has no machine type ${type}, which template ${template} asks for.`, next)];
  const image = known(facts.images.get(ownImage(wanted, facts.project)));
  const [machine, made] = [found.value.architecture, image?.architecture].map((one) => String(one || ''));
  if (!machine || !made || machine === made) return [];
  return [stop(`Template ${template} boots an image for ${made} on ${type}, which is ${machine}.`, next)];
}
