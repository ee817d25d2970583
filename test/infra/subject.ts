/** Fleet files, and the stacks that the Pulumi program makes of them, as policies look at them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { parseFleet } from '../../configs/load.ts';
import { evaluateHere } from '../../infra/evaluate/here.ts';
import program from '../../infra/index.ts';
import type { Subject } from '../../infra/policies/subject.ts';
import { collector } from '../../infra/preview/graph.ts';

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

/** Parts of a fleet file with which relays have floating addresses. */
export const FLOATING = {
  network: { externalAddresses: 'none', floatingAddresses: 'internal' },
  redis: { database: 0, controlDatabase: 15, auth: true },
};

export type Asked = { readonly stack?: string; readonly protect?: boolean; readonly image?: string };

/** One after the other: Pulumi's mocks are global to a process. */
export async function subjectOf(
  file: object,
  { stack = 'prod', protect = true, image = IMAGE }: Asked = {},
): Promise<Subject> {
  const folder = mkdtempSync(join(tmpdir(), 'rtpfleet-policies-'));
  try {
    const text = stringify(file);
    const path = join(folder, 'fleet.yaml');
    writeFileSync(path, text);
    const { handlers, resources } = collector();
    const config = { fleet: path, image, protect };
    await evaluateHere({ program, stack, config, preview: true, handlers });
    return { stack, fleet: parseFleet(text, path), protect, resources: resources() };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
