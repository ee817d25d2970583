/** Evaluates the Pulumi program with mocks, in this process, and keeps what it declares. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { evaluateHere } from '../../infra/evaluate/here.ts';
import type { Declared, Json } from '../../infra/evaluate/protocol.ts';
import program from '../../infra/index.ts';

export type Resource = Omit<Declared, 'inputs'> & {
  // biome-ignore lint/suspicious/noExplicitAny: inputs of any resource, read by tests
  readonly inputs: any;
};

export type Evaluated = {
  readonly resources: readonly Resource[];
  // biome-ignore lint/suspicious/noExplicitAny: outputs, read by tests
  readonly outputs: any;
  /** The resources of a type, e.g. `compute/firewall:Firewall`. */
  readonly of: (type: string) => readonly Resource[];
};

export const IMAGE = 'rtpengine-mr12-5-1-31-debian-13-3fa9c1d2';

/** A fleet file as its YAML would be read; parts that are given replace whole sections. */
export function fleetFile(parts: object = {}): object {
  return {
    name: 'demo',
    cloud: { project: 'my-project', region: 'us-central1', zones: ['us-central1-a', 'us-central1-b'] },
    image: { version: 'mr12.5.1.31' },
    ...parts,
  };
}

export async function evaluate(parts: object = {}, config: Record<string, string> = {}): Promise<Evaluated> {
  const folder = mkdtempSync(join(tmpdir(), 'rtpfleet-infra-'));
  try {
    writeFileSync(join(folder, 'fleet.yaml'), stringify(fleetFile(parts)));
    return await run({ fleet: join(folder, 'fleet.yaml'), image: IMAGE, ...config });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function run(config: Record<string, string>): Promise<Evaluated> {
  const resources: Declared[] = [];
  const outputs = await evaluateHere({
    program,
    stack: 'test',
    config,
    preview: false,
    handlers: {
      resource: async (declared) => {
        const { type, name, inputs } = declared;
        resources.push(declared);
        const id = inputs.secretId && type.endsWith(':Secret') ? secretId(inputs) : `${type}/${name}`;
        return { id, state: { ...inputs, ...computed(type, name, inputs) } };
      },
      call: async (token, { selfLink }) =>
        token.endsWith(':getInstanceGroup')
          ? { instances: [`${selfLink}/relay-2`, `${selfLink}/relay-1`] }
          : { networkInterfaces: [{ networkIp: addressOf(String(selfLink)), accessConfigs: [] }] },
    },
  });
  return { resources, outputs, of: (type) => resources.filter((one) => one.type === `gcp:${type}`) };
}

/** Of a Memorystore with TLS: the one that is in use, and the next. */
const AUTHORITIES = [{ cert: 'PEM-1\n' }, { cert: 'PEM-2\n' }];

/** The password that Memorystore makes up. */
export const PASSWORD = 'b0a51a7e-hush';

const secretId = ({ project, secretId: id }: Json): string => `projects/${project}/secrets/${id}`;

/** What only the cloud knows. */
function computed(
  type: string,
  name: string,
  inputs: {
    readonly name?: string;
    readonly accountId?: string;
    readonly transitEncryptionMode?: string;
  },
) {
  const selfLink = `https://www.googleapis.com/compute/v1/projects/my-project/${type}/${inputs.name ?? name}`;
  if (type.endsWith(':Account')) return { email: `${inputs.accountId}@my-project.iam.gserviceaccount.com` };
  if (type.startsWith('gcp:redis')) {
    const tls = inputs.transitEncryptionMode === 'SERVER_AUTHENTICATION';
    const door = tls ? { port: 6378, serverCaCerts: AUTHORITIES } : { port: 6379, serverCaCerts: [] };
    return { host: '10.9.8.7', authString: PASSWORD, ...door };
  }
  if (type.endsWith(':Address')) return { address: '10.0.0.99', selfLink };
  return { selfLink, instanceGroup: `instanceGroups/${inputs.name}` };
}

const addressOf = (link: string) => `10.0.${link.includes('us-central1-a') ? 1 : 2}.${link.at(-1)}`;
