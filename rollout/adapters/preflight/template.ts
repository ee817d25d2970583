/** Can a VM be made from what the groups want: template, image, disk, account? Pure. */
import { lastSegment, type Template } from '../gce-view.ts';
import { accountsOf, bootDisk, type Facts, type Image, ownImage } from './facts.ts';
import { type Asked, stop, type Trouble, unseen, warn } from './trouble.ts';

const ELSEWHERE = 'point the groups at another template: pulumi up, or rollout rollback';

export function templateTroubles(facts: Facts): readonly Trouble[] {
  const wanted = [...new Set(facts.groups.map(({ template }) => template))];
  return wanted.flatMap((name) => {
    const found = facts.templates.get(name);
    if (found?.kind === 'refused') return [unseen(`The instance template ${name}`, found.because)];
    if (found?.kind !== 'known')
      return [
        stop(
          `The groups want the instance template ${name}, and there is none of that name.`,
          `Make it again, or ${ELSEWHERE}.`,
        ),
      ];
    return [...imageTroubles(name, found.value, facts), ...accountTroubles(name, found.value, facts)];
  });
}

function imageTroubles(name: string, template: Template, { images, project }: Facts): readonly Trouble[] {
  const link = ownImage(template, project);
  const found = images.get(link);
  if (link === '' || found === undefined || found.kind === 'unsupported') return [];
  return imageTrouble(name, template, lastSegment(link), found);
}

function imageTrouble(
  name: string,
  template: Template,
  image: string,
  found: Exclude<Asked<Image>, { readonly kind: 'unsupported' }>,
): readonly Trouble[] {
  if (found.kind === 'refused') return [unseen(`The image ${image}`, found.because)];
  if (found.kind !== 'known')
    return [
      stop(
        `Template ${name} boots the image ${image}, which is not there.`,
        `Publish it again: pnpm image:build --publish; or ${ELSEWHERE}.`,
      ),
    ];
  const status = String(found.value.status ?? 'READY');
  if (status !== 'READY')
    return [
      stop(
        `The image ${image} of template ${name} is ${status}.`,
        status === 'PENDING' ? 'Wait until it is READY.' : `Publish it again, or ${ELSEWHERE}.`,
      ),
    ];
  return [...retired(name, image, found.value), ...tooSmall(name, template, image, found.value)];
}

/** GCE makes no disk of an image that is OBSOLETE or DELETED; DEPRECATED only warns (compute.images.deprecate). */
function retired(name: string, image: string, { deprecated }: Image): readonly Trouble[] {
  const state = String(deprecated?.state ?? 'ACTIVE');
  if (state !== 'OBSOLETE' && state !== 'DELETED') return [];
  return [
    stop(
      `The image ${image} of template ${name} is ${state}, so that no VM can be made from it.`,
      `Take that back: gcloud compute images deprecate ${image} --state ACTIVE; or ${ELSEWHERE}.`,
    ),
  ];
}

function tooSmall(
  name: string,
  template: Template,
  image: string,
  { diskSizeGb }: Image,
): readonly Trouble[] {
  const asked = Number(bootDisk(template)?.diskSizeGb ?? 0);
  const least = Number(diskSizeGb ?? 0);
  if (asked === 0 || asked >= least) return [];
  return [
    stop(
      `Template ${name} asks for a disk of ${asked} GB, and its image ${image} holds ${least} GB.`,
      'Raise relays.diskGb in the fleet file: pulumi up.',
    ),
  ];
}

function accountTroubles(name: string, template: Template, { accounts }: Facts): readonly Trouble[] {
  return accountsOf(template).flatMap((email): readonly Trouble[] => {
    const state = accounts.get(email);
    switch (state?.kind) {
      case undefined:
      case 'enabled':
      case 'unsupported':
        return [];
      case 'missing':
        return [
          stop(
            `Relays of template ${name} run as the service account ${email}, which is not there.`,
            'Make it again: pulumi up.',
          ),
        ];
      case 'disabled':
        return [
          warn(
            `The service account ${email} of template ${name} is disabled: a new relay could neither log nor read secrets.`,
            `Enable it: gcloud iam service-accounts enable ${email}`,
          ),
        ];
      case 'unknown':
        return [unseen(`The service account ${email}`, state.because)];
      default:
        return state satisfies never;
    }
  });
}
