/** An image with what a fleet file can add to it: forwarding in the kernel, OS Login, and Secure Boot. */
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { developmentPackages } from '../../image-builder/hygiene.ts';
import type { Manifest } from '../../image-builder/manifest.ts';
import { cleanUp } from '../../lab/cleanup.ts';
import { eventually, type ImageLab, openImageLab } from '../support/image-lab.ts';
import { signedFleet } from '../support/signed-fleet.ts';

const NAME = 'relay-options';
const IN_USER_SPACE = 'inactive: a container loads no kernel module; RTP is forwarded in user space';

const folder = mkdtempSync(join(tmpdir(), 'rtpfleet-options-'));
let machines: ImageLab;
let result: {
  readonly image: string;
  readonly archive: string;
  readonly manifest: Manifest;
  readonly publication: { readonly acceptance: { readonly health: string } };
};

let privateKey: string;

beforeAll(async () => {
  machines = await openImageLab(folder);
  const { file, keyFile } = await signedFleet(folder);
  privateKey = readFileSync(keyFile, 'utf8');
  result = await machines.build('--fleet', file, '--endpoint', machines.lab.endpoint);
  await machines.start(NAME, result.image, { 'enable-oslogin': 'TRUE' });
  await eventually(async () => (await inMachine('systemctl is-active rtpengine-daemon')) === 'active');
});
afterAll(async () => {
  await machines?.close();
  await cleanUp(folder);
});

const inMachine = (command: string) => machines.inMachine(NAME, command);

test('it is accepted, and its acceptance says that a container forwards in user space, and why', () => {
  const { checks } = JSON.parse(result.publication.acceptance.health);
  expect(checks).toContainEqual({ name: 'kernel', ok: true, detail: IN_USER_SPACE });
});

test('it holds a module for just its kernel, that modprobe finds and gives to RTPEngine', async () => {
  const kernel = result.manifest.kernel.slice('vmlinuz-'.length);
  const file = await inMachine('find /usr/lib/modules -name xt_RTPENGINE.ko');
  expect(file).toBe(`/usr/lib/modules/${kernel}/updates/xt_RTPENGINE.ko`);
  const vermagic = await inMachine(`modinfo -F vermagic ${file}`);
  expect(vermagic.startsWith(`${kernel} SMP `)).toBe(true);
  const steps = await inMachine(`modprobe -S ${kernel} --show-depends xt_RTPENGINE; id -u rtpengine`);
  const uid = steps.split('\n').at(-1) ?? '';
  expect(steps).toMatch(new RegExp(`x_tables\\.ko\\S* \\n.*xt_RTPENGINE\\.ko .*proc_uid=${uid} `));
  expect(await inMachine('cat /etc/modules-load.d/rtpfleet.conf')).toBe('xt_RTPENGINE\nnft_compat');
});

test('manifest and bill of materials name the module by the digest of its file, and who signed it', async () => {
  const { kernelModule } = result.manifest;
  const file = kernelModule?.path ?? '';
  expect(await inMachine(`sha256sum ${file}`)).toMatch(new RegExp(`^${kernelModule?.sha256} `));
  expect(await inMachine(`tail -c 28 ${file}`)).toBe('~Module signature appended~');
  const bill = readFileSync(join(dirname(result.archive), 'sbom.cdx.json'), 'utf8');
  expect(bill).toContain(`"name": "${file}"`);
});

test('the private key is in no file that the build left beside the image, and in none of the image', async () => {
  const secret = privateKey.split('\n')[3] ?? '';
  expect(secret).toHaveLength(64);
  for (const name of readdirSync(dirname(result.archive)))
    expect(readFileSync(join(dirname(result.archive), name)).includes(secret)).toBe(false);
  // Not in files that are larger than any that a build writes: logs of logins are sparse, and read as terabytes.
  expect(await inMachine(`find / -xdev -type f -size -64M -exec grep -lF -- '${secret}' {} +`)).toBe('');
});

test('it holds neither compiler nor headers', () => {
  expect(developmentPackages(result.manifest.packages.map(({ name }) => name))).toEqual([]);
});

test('where forwarding in the kernel is required, RTPEngine does not start without, and health says why', async () => {
  await inMachine("sed -i 's/^no-fallback = .*/no-fallback = true/' /run/rtpfleet/rtpengine.conf");
  await inMachine('systemctl restart --no-block rtpengine-daemon');
  await eventually(async () => (await inMachine('systemctl is-active rtpengine-daemon')) !== 'active');
  const { ok, checks } = JSON.parse(await inMachine('rtpfleet-health'));
  expect(ok).toBe(false);
  expect(checks).toContainEqual({
    name: 'kernel',
    ok: false,
    detail: 'inactive: a container loads no kernel module',
  });
});

/** One look at the relay's health, begun just now, while RTPEngine fails three times more. In one go: the look takes a minute. */
const WHILE_IT_FAILS = `
failures() { systemctl show -P NRestarts rtpengine-daemon; }
look() { systemctl show -P ActiveState -P InvocationID rtpfleet-ready; }
before=$(look)
systemctl restart --no-block rtpfleet-ready
while first=$(look); [ "$first" = "$before" ] || ! echo "$first" | grep -q ^activating; do sleep 0.1; done
enough=$(($(failures) + 3))
until [ "$(failures)" -ge "$enough" ]; do sleep 0.1; done
[ "$(look)" = "$first" ] && echo one || echo "first $first, then $(look)"
`;

test('while RTPEngine fails to start again and again, its health is looked at in one go, to be told', async () => {
  expect(await inMachine(WHILE_IT_FAILS)).toBe('one');
});

test('the guest agent sets up OS Login where metadata asks for it', async () => {
  await eventually(async () => (await inMachine('grep ^passwd: /etc/nsswitch.conf')).includes('oslogin'));
  expect(await inMachine('cat /etc/ssh/sshd_config')).toContain(
    'AuthorizedKeysCommand /usr/bin/google_authorized_keys',
  );
  expect(await inMachine('cat /etc/pam.d/sshd')).toContain('pam_oslogin_login.so');
  expect(await inMachine('sshd -t && echo fine')).toBe('fine');
});
