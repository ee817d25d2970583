/** Every file that an image holds, for three versions and for several RTPEngines on one host, and what a relay makes of it at boot. `pnpm golden` writes them anew. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseFleet } from '../configs/load.ts';
import { checkOptions, optionsOfConfig } from '../image-builder/options.ts';
import { imageFiles, relayConfig } from '../image-builder/recipe.ts';
import { carriesSeveralAddresses } from '../lib/floating.ts';
import {
  EXTERNAL,
  FLOATING,
  HOME,
  IP,
  openRelayBoot,
  REDIS,
  type RelayBoot,
  WATCHED,
} from './image-builder/support/relay-config.ts';

const CASES = [
  { name: 'mr10.5.3.5', version: 'mr10.5.3.5', base: 'debian-12', instances: 1 },
  { name: 'mr12.5.1.31', version: 'mr12.5.1.31', base: 'debian-13', instances: 1 },
  { name: 'mr12.5.1.31-instances-2', version: 'mr12.5.1.31', base: 'debian-13', instances: 2 },
  { name: 'mr13.4.1.10', version: 'mr13.4.1.10', base: 'debian-13', instances: 1 },
] as const;
const GOLDEN = join(import.meta.dirname, 'golden');
const OPTIONS = join(import.meta.dirname, 'image-builder/support/options');

/** Everything on that can be on, so that every template is seen. */
const fleetText = (version: string, base: string, rtpengine: string) => `name: golden
cloud: { project: golden-project, region: us-central1, zones: [us-central1-a] }
image: { version: ${version}, base: ${base} }
rtpengine: { ${rtpengine}ports: { min: 20000, max: 29999 }, ngPort: 2223, threads: 4, options: { tos: 184, scheduling: fifo } }
redis: { required: true }
tuning:
  sysctl: { net.core.netdev_budget: 600 }
  busyPollMicroseconds: 50
  rtpengineCpus: 2-3
  systemCpus: 0-1
  isolateCpus: true
  irqCpus: 0-1
logs: { rtcp: { enabled: true } }
`;

const MODES = {
  internal: { [IP]: '10.0.0.7' },
  external: { [IP]: '10.0.0.7', [EXTERNAL]: '203.0.113.9', [REDIS]: '10.0.0.3:6379/5' },
  floating: {
    [IP]: '10.0.0.7',
    [HOME]: '10.0.0.51',
    [FLOATING]: '10.0.0.50,10.0.0.51,10.0.0.5',
    [WATCHED]: '7',
    [REDIS]: '10.0.0.3:6379/10',
  },
};

let boot: RelayBoot;
beforeEach(async () => {
  boot = await openRelayBoot();
});
afterEach(() => boot.close());

describe.each(CASES)('RTPEngine $name', ({ name, version, base, instances }) => {
  const folder = join(GOLDEN, name);
  const text = fleetText(version, base, instances === 1 ? '' : `instances: ${instances}, `);
  const files = imageFiles(parseFleet(text, 'golden.yaml'), version);
  // Programs are copied as they are: they have their own tests.
  const rendered = files.flatMap((file) => (file.kind === 'file' && file.mode === 0o644 ? [file] : []));
  const template = relayConfig(files);

  test.each(rendered.filter(({ path }) => !path.endsWith('.sh')))(
    '$path is rendered as it always was',
    async ({ path, content }) => {
      await expect(content).toMatchFileSnapshot(join(folder, 'image', path));
    },
  );

  test('links enable our units, mask others and lead to the resolver', async () => {
    const links = files.flatMap((file) => (file.kind === 'link' ? [`${file.path} -> ${file.target}`] : []));
    await expect(`${links.join('\n')}\n`).toMatchFileSnapshot(join(folder, 'image/links.txt'));
  });

  // Floating addresses are for one RTPEngine of a version that answers ng at several.
  const modes = Object.entries(MODES).filter(
    ([mode]) => mode !== 'floating' || (instances === 1 && carriesSeveralAddresses(version)),
  );
  test.each(modes)(
    'with an address that is %s, a relay runs on what it always did',
    async (mode, metadata) => {
      const { written } = await boot.configure(template, metadata);
      expect(written).not.toMatch(/^[^#]*@/m);
      await expect(written).toMatchFileSnapshot(join(folder, 'run', `${mode}.conf`));
    },
  );

  test('knows every option that is set', () => {
    const known = readFileSync(join(OPTIONS, `${version}.txt`), 'utf8')
      .trim()
      .split('\n');
    const help = known.map((name) => `  --${name}   text`).join('\n');
    const count = checkOptions(template, help, version, { file: 'golden.yaml', text });
    expect(count).toBe(optionsOfConfig(template).length);
  });

  test('has no golden file of something that is gone', () => {
    const kept = readdirSync(join(folder, 'image'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, 'image').length));
    const paths = rendered.map(({ path }) => path).filter((path) => !path.endsWith('.sh'));
    expect(kept.toSorted()).toEqual([...paths, '/links.txt'].toSorted());
  });
});
