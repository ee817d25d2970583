import { expect, test } from 'vitest';
import { type ModulePlan, moduleKey, signedModule } from '../../../image-builder/kernel/compile.ts';
import { modulePath } from '../../../image-builder/kernel/record.ts';

const PARTS: Omit<ModulePlan, 'key'> = {
  module: { name: 'xt_RTPENGINE', firewall: 'nftables' },
  kernel: { release: '6.12-cloud-amd64', version: '6.12-1' },
  dkms: 'rtpengine-kernel-dkms=12.5.1.31-1',
  release: {
    codename: 'trixie',
    mirrors: { main: 'http://m.example/debian', security: 'http://m.example/s', signedBy: undefined },
  },
  include: ['make'],
  packages: [],
};
const PLAN: ModulePlan = { ...PARTS, key: moduleKey(PARTS) };
const signing = (digest: string, keyFile = '/keys/db.key') => ({ keyFile, certificate: 'PEM', digest });

test('a signed module is another one than the same without, or by another signer', () => {
  const keys = [PLAN, signedModule(PLAN, signing('one')), signedModule(PLAN, signing('two'))].map(
    ({ key }) => key,
  );
  expect(new Set(keys).size).toBe(3);
});

test('it is the same wherever the private key lies', () => {
  expect(signedModule(PLAN, signing('one', '/elsewhere')).key).toBe(signedModule(PLAN, signing('one')).key);
});

test('it lies where modprobe looks first', () => {
  expect(modulePath(PLAN)).toBe('/usr/lib/modules/6.12-cloud-amd64/updates/xt_RTPENGINE.ko');
});

test('a module of packages that are at hand is another when their content is, wherever they lie', () => {
  const key = (folder: string, digest: string) =>
    moduleKey({ ...PARTS, release: { ...PARTS.release, local: { folder, digest } } });
  expect(key('/a', 'one')).toBe(key('/b', 'one'));
  expect(new Set([key('/a', 'one'), key('/a', 'two'), PLAN.key]).size).toBe(3);
});
