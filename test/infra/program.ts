/** Evaluates the Pulumi program with mocks, in this process, and keeps what it declares. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as pulumi from '@pulumi/pulumi';
import { MockMonitor } from '@pulumi/pulumi/runtime/mocks.js';
import { stringify } from 'yaml';
import program from '../../infra/index.ts';

export type Resource = {
  readonly type: string;
  readonly name: string;
  // biome-ignore lint/suspicious/noExplicitAny: inputs of any resource, read by tests
  readonly inputs: any;
  readonly protect: boolean;
  readonly retainOnDelete: boolean;
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
  const resources: Resource[] = [];
  const options = spyOptions();
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        const { protect, retainOnDelete } = options.of(type, name);
        resources.push({ type, name, inputs, protect, retainOnDelete });
        return { id: `${type}/${name}`, state: { ...inputs, ...computed(type, name, inputs) } };
      },
      call: ({ token, inputs: { selfLink } }) =>
        token.endsWith(':getInstanceGroup')
          ? { instances: [`${selfLink}/relay-2`, `${selfLink}/relay-1`] }
          : { networkInterfaces: [{ networkIp: addressOf(selfLink), accessConfigs: [] }] },
    },
    'rtpfleet',
    'test',
  );
  pulumi.runtime.setAllConfig(
    Object.fromEntries(Object.entries(config).map(([key, value]) => [`rtpfleet:${key}`, value])),
  );
  try {
    const declared = pulumi.output(program());
    await pulumi.runtime.disconnect();
    const outputs = await new Promise((resolve) => void declared.apply(resolve));
    return { resources, outputs, of: (type) => resources.filter((one) => one.type === `gcp:${type}`) };
  } finally {
    options.restore();
  }
}

/** What only the cloud knows. */
function computed(
  type: string,
  name: string,
  inputs: { readonly name?: string; readonly accountId?: string },
) {
  const selfLink = `https://www.googleapis.com/compute/v1/projects/my-project/${type}/${inputs.name ?? name}`;
  if (type.endsWith(':Account')) return { email: `${inputs.accountId}@my-project.iam.gserviceaccount.com` };
  if (type.startsWith('gcp:redis')) return { host: '10.9.8.7', port: 6379 };
  return { selfLink, instanceGroup: `instanceGroups/${inputs.name}` };
}

const addressOf = (link: string) => `10.0.${link.includes('us-central1-a') ? 1 : 2}.${link.at(-1)}`;

/** Options of a resource reach the engine, not the mocks: they are read where the request passes. */
function spyOptions() {
  const seen = new Map<string, { protect: boolean; retainOnDelete: boolean }>();
  const prototype = MockMonitor.prototype;
  const original = prototype.registerResource;
  prototype.registerResource = function (request, callback) {
    const key = `${request.getType()} ${request.getName()}`;
    seen.set(key, { protect: request.getProtect(), retainOnDelete: request.getRetainondelete() });
    return original.call(this, request, callback);
  };
  return {
    of: (type: string, name: string) =>
      seen.get(`${type} ${name}`) ?? { protect: false, retainOnDelete: false },
    restore: () => {
      prototype.registerResource = original;
    },
  };
}
