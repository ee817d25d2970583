/**
 * Outputs of resources that can be told before they are made: links and e-mail addresses follow from names. What is not here is unknown
 * in a preview, as in `pulumi preview`. Pure.
 */
import { createHash } from 'node:crypto';
import type { Declared, Json } from '../evaluate/protocol.ts';

export function knownOutputs({ type, name, inputs }: Declared): Json {
  const [service = '', kind = ''] = type.replace(/^gcp:/, '').replace(/:.*$/, '').split('/');
  if (service === 'compute') return computeOutputs(kind, name, inputs);
  if (service === 'serviceaccount' && kind === 'account') return accountOutputs(inputs);
  if (service === 'secretmanager' && kind === 'secret') {
    const id = `projects/${inputs.project}/secrets/${inputs.secretId}`;
    return { id, name: id };
  }
  if (service === 'projects' && kind === 'iAMCustomRole') {
    const id = `projects/${inputs.project}/roles/${inputs.roleId}`;
    return { id, name: id };
  }
  return {};
}

/** The provider ends a template's name in what makes it unique; here that is a digest, so that another template has another link. */
function computeOutputs(kind: string, logicalName: string, inputs: Json): Json {
  const made = inputs.namePrefix === undefined ? logicalName : `${inputs.namePrefix}${digest(inputs)}`;
  const name = inputs.name ?? made;
  const collection = plural(kind.replace(/^(global|region)(?=[A-Z])/, '').replace(/^[A-Z]/, lowerCase));
  const path = `projects/${inputs.project}/${placeOf(inputs)}/${collection}/${name}`;
  return { name, id: path, selfLink: `https://www.googleapis.com/compute/v1/${path}` };
}

function accountOutputs({ project, accountId }: Json): Json {
  const email = `${accountId}@${project}.iam.gserviceaccount.com`;
  return { email, member: `serviceAccount:${email}`, name: `projects/${project}/serviceAccounts/${email}` };
}

function placeOf({ zone, region }: Json): string {
  if (zone !== undefined) return `zones/${zone}`;
  return region === undefined ? 'global' : `regions/${region}`;
}

function plural(word: string): string {
  if (word.endsWith('s')) return `${word}es`;
  return word.endsWith('y') ? `${word.slice(0, -1)}ies` : `${word}s`;
}

const lowerCase = (letter: string): string => letter.toLowerCase();

function digest(inputs: Json): string {
  return createHash('sha256').update(JSON.stringify(inputs)).digest('hex').slice(0, 8);
}
