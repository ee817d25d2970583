import { expect, test } from 'vitest';
import type { ImagePlan } from '../../image-builder/plan.ts';
import type { Step } from '../../image-builder/plan-steps.ts';
import { planAsJson, wordPlan } from '../../image-builder/words.ts';

const MIRRORS = { main: 'http://m.example/debian', security: 'http://m.example/s', signedBy: undefined };
const RELEASE = { codename: 'trixie', mirrors: MIRRORS };
const TREE = { release: RELEASE, include: [], packages: [] };

const PLAIN: ImagePlan = {
  image: 'rtpengine-x',
  family: 'rtpengine-f',
  version: 'mr12.5.1.31',
  base: 'debian-13',
  architecture: 'amd64',
  sizeGb: 2,
  tree: TREE,
  origin: { source: 'debian' },
  tools: TREE,
  files: [],
  keys: { tools: 'a'.repeat(64), tree: 'b'.repeat(64), disk: 'c'.repeat(64) },
  cached: { tools: true, tree: false, disk: false },
};

const STEPS: readonly Step[] = [{ what: 'make the disk', state: 'to be done' }];

const FULL: ImagePlan = {
  ...PLAIN,
  signing: { keyFile: '/keys/db.key', certificate: 'PEM', digest: 'd'.repeat(64) },
  tree: {
    ...TREE,
    release: {
      ...RELEASE,
      further: { uri: 'https://apt.example', suite: 's', keyFile: '/k', fingerprint: 'F'.repeat(40) },
    },
    module: {
      module: { name: 'xt_RTPENGINE', firewall: 'nftables' },
      kernel: { release: '6.12.1-cloud-amd64', version: '6.12.1-1' },
      dkms: 'rtpengine-kernel-dkms=12.5.1.31-1',
      release: RELEASE,
      include: [],
      packages: [],
      key: 'e'.repeat(64),
    },
  },
};

test('a plan names what the fleet file adds to every image, and nothing of a private key', () => {
  const words = wordPlan(FULL, STEPS);
  expect(words).toContain(
    'kernel   xt_RTPENGINE for 6.12.1-cloud-amd64, from rtpengine-kernel-dkms=12.5.1.31-1\n',
  );
  expect(words).toContain(`agent    from https://apt.example, signed by ${'F'.repeat(40)}\n`);
  expect(words).toContain('signer   certificate dddddddddddddddd, for Secure Boot\n');
  expect(words).not.toContain('db.key');
  expect(planAsJson(FULL, STEPS)).toMatchObject({ kernelModule: { name: 'xt_RTPENGINE' } });
});

test('a plan without additions has no line for them', () => {
  expect(wordPlan(PLAIN, STEPS)).not.toMatch(/^(?:kernel|agent|signer) /m);
  expect(planAsJson(PLAIN, STEPS)).toMatchObject({ kernelModule: null });
});

test('a plan lists every file of ours by its path', () => {
  const files = ['/etc/a', '/usr/sbin/b'].map(
    (path) => ({ kind: 'file', path, mode: 0o644, content: '' }) as const,
  );
  expect(wordPlan({ ...PLAIN, files }, STEPS)).toContain('files\n  /etc/a\n  /usr/sbin/b\n');
});

test('a plan lists every step, also for programs', () => {
  expect(wordPlan(PLAIN, STEPS)).toContain('steps\n  1. make the disk  (to be done)\nstages\n');
  expect(planAsJson(PLAIN, STEPS)).toMatchObject({ steps: STEPS });
});
