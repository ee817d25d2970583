/**
 * gcloud, a client of Google's that knows nothing of rtpfleet, against the lab: about 2 s a command, so each says something new.
 * Skipped where gcloud is not installed.
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLabServer, type LabServer } from '../../lab/server.ts';
import { PROJECT, ZONE } from '../support/lab-server.ts';
import { type FakeMachines, fakeImages, fakeMachines, fakeNetwork, fakeRedis } from '../support/machines.ts';

function hasGcloud(): boolean {
  try {
    execFileSync('gcloud', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

let url = '';
let folder = '';
let server: LabServer;
let machines: FakeMachines;
const names: Record<string, string> = {};

/** Runs `gcloud compute …`; its JSON, or its text where it prints none. */
async function gcloud(command: string, ...extra: readonly string[]): Promise<string> {
  const { stdout } = await execa('gcloud', ['compute', ...command.split(' '), ...extra], {
    env: {
      CLOUDSDK_CONFIG: join(folder, 'gcloud'),
      CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE: `${url}/compute/v1/`,
      CLOUDSDK_AUTH_DISABLE_CREDENTIALS: 'true',
      CLOUDSDK_CORE_PROJECT: PROJECT,
      CLOUDSDK_CORE_DISABLE_PROMPTS: '1',
      CLOUDSDK_CORE_CHECK_GCE_METADATA: 'false',
      CLOUDSDK_CORE_DISABLE_USAGE_REPORTING: 'true',
      CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK: 'true',
      CLOUDSDK_SURVEY_DISABLE_PROMPTS: 'true',
    },
  });
  return stdout.trim();
}

const value = (command: string, format: string): Promise<string> =>
  gcloud(command, `--format=value(${format})`);

async function upload(name: string): Promise<void> {
  await fetch(`${url}/storage/v1/b?project=${PROJECT}`, { method: 'POST', body: '{"name":"archives"}' });
  const at = `${url}/upload/storage/v1/b/archives/o?uploadType=media&name=${name}`;
  await fetch(at, { method: 'POST', body: 'an archive' });
}

describe.skipIf(!hasGcloud())('gcloud', { timeout: 400_000 }, () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rtpfleet-gcloud-'));
    machines = fakeMachines();
    const ports = { machines, images: fakeImages(), redis: fakeRedis(), network: fakeNetwork };
    const timing = { operationMs: 1, tickMs: 5, graceMs: 1 };
    server = await createLabServer({ project: PROJECT, folder, ...ports, timing, checkAnswers: true });
    url = await server.listen(0);
    await upload('one.tar.gz');
    await upload('two.tar.gz');
  });
  afterAll(async () => {
    await server?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('imports images, lists them, and finds the newest of a family', async () => {
    for (const name of ['one', 'two'])
      await gcloud(
        `images create ${name} --source-uri gs://archives/${name}.tar.gz --family relays --labels n=${name}`,
      );
    expect(await value('images list --no-standard-images --filter=labels.n=two', 'name,status')).toBe(
      'two\tREADY',
    );
    expect(await value('images describe-from-family relays', 'name')).toBe('two');
    await gcloud('images deprecate two --state DEPRECATED');
  });

  it('creates, lists and deletes instances, one alone and several in a batch', async () => {
    await gcloud(
      `instances create vm1 --zone ${ZONE} --image one --metadata enable-guest-attributes=TRUE --labels fleet=a`,
    );
    await gcloud(`instances create vm2 vm3 --zone ${ZONE} --image-family relays`);
    expect(await value('instances list --sort-by=name', 'name,status')).toBe(
      'vm1\tRUNNING\nvm2\tRUNNING\nvm3\tRUNNING',
    );
    expect(await value('instances list --filter=name~^vm[23]$', 'name')).toBe('vm2\nvm3');
    await gcloud(`instances delete vm2 vm3 --zone ${ZONE}`);
    expect([...machines.known.values()].map(({ spec }) => spec.name)).toEqual(['vm1']);
  });

  it('labels an instance, reads its serial port and its guest attributes', async () => {
    await gcloud(`instances add-labels vm1 --zone ${ZONE} --labels more=b`);
    expect(await value(`instances describe vm1 --zone ${ZONE}`, 'labels.list()')).toBe('fleet=a,more=b');
    expect(await gcloud(`instances get-serial-port-output vm1 --zone ${ZONE}`)).toContain('boot of vm1');
    const address = await value(`instances describe vm1 --zone ${ZONE}`, 'networkInterfaces[0].networkIP');
    server.metadata.putGuestAttribute(address, 'rtpfleet', 'version', 'mr1');
    const read = await value(
      `instances get-guest-attributes vm1 --zone ${ZONE} --query-path=rtpfleet/version`,
      'value',
    );
    expect(read).toBe('mr1');
  });

  it('creates templates and a stateful group, and waits until it is stable', async () => {
    for (const name of ['one', 'two'])
      await gcloud(`instance-templates create t-${name} --image ${name} --machine-type e2-small`);
    await gcloud(
      `instance-groups managed create relays --zone ${ZONE} --template t-one --size 2 --base-instance-name relay --stateful-internal-ip interface-name=nic0,auto-delete=never`,
      '--update-policy-type=opportunistic',
      '--update-policy-replacement-method=recreate',
      '--update-policy-max-surge=0',
      '--update-policy-max-unavailable=1',
    );
    const waited = await gcloud(
      `instance-groups managed wait-until relays --stable --zone ${ZONE} --timeout 60`,
    );
    expect(waited).toBe('Group is stable');
    const rows = await value(
      `instance-groups managed list-instances relays --zone ${ZONE}`,
      'name,instanceStatus,currentAction,version.instanceTemplate.basename()',
    );
    for (const row of rows.split('\n')) expect(row).toMatch(/^relay-\w{4}\tRUNNING\tNONE\tt-one$/);
    names.first = rows.split('\n')[0]?.split('\t')[0] ?? '';
    expect(await value('instance-groups managed list', 'name,targetSize')).toBe('relays\t2');
  });

  it('points the group at another template, and updates exactly the instance that it names', async () => {
    await gcloud(`instance-groups managed set-instance-template relays --template t-two --zone ${ZONE}`);
    expect(
      await value(`instance-groups managed describe relays --zone ${ZONE}`, 'status.versionTarget.isReached'),
    ).toBe('False');
    await gcloud(
      `instance-groups managed update-instances relays --zone ${ZONE} --instances ${names.first} --minimal-action replace`,
    );
    await gcloud(`instance-groups managed wait-until relays --stable --zone ${ZONE} --timeout 60`);
    const rows = await value(
      `instance-groups managed list-instances relays --zone ${ZONE} --sort-by=name`,
      'name,version.instanceTemplate.basename()',
    );
    const updated = rows.split('\n').filter((row) => row.endsWith('t-two'));
    expect(updated).toEqual([`${names.first}\tt-two`]);
  });

  it('keeps metadata for one VM by a per-instance config', async () => {
    const which = `relays --zone ${ZONE} --instance ${names.first}`;
    await gcloud(`instance-groups managed instance-configs create ${which} --stateful-metadata role=canary`);
    const status = await value(
      `instance-groups managed instance-configs list relays --zone ${ZONE}`,
      'name,status',
    );
    expect(status).toBe(`${names.first}\tEFFECTIVE`);
  });

  it('resizes the group, and deletes it with its VMs', async () => {
    await gcloud(`instance-groups managed resize relays --size 3 --zone ${ZONE}`);
    await gcloud(`instance-groups managed delete relays --zone ${ZONE}`);
    expect([...machines.known.values()].map(({ spec }) => spec.name)).toEqual(['vm1']);
  });

  it('makes a network with its subnetwork, firewall, router, address and health check', async () => {
    await gcloud('networks create fleet --subnet-mode custom');
    await gcloud('networks subnets create relays --network fleet --region us-central1 --range 127.90.0.0/24');
    await gcloud(
      'firewall-rules create rtp --network fleet --allow udp:30000-40000 --source-ranges 192.0.2.0/24',
    );
    await gcloud('routers create out --network fleet --region us-central1');
    await gcloud('addresses create ip --region us-central1 --subnet relays');
    await gcloud('health-checks create http ping --port 9101 --request-path /ping');
    expect(await value('firewall-rules describe rtp', 'allowed[0].ports')).toBe('30000-40000');
  });

  it('moves the address of a forwarding rule from one target instance to another', async () => {
    for (const name of ['t1', 't2'])
      await gcloud(`target-instances create ${name} --zone ${ZONE} --instance vm1`);
    await gcloud(
      `forwarding-rules create floating --region us-central1 --load-balancing-scheme INTERNAL --subnet default --ip-protocol UDP --ports ALL --target-instance t1 --target-instance-zone ${ZONE}`,
    );
    await gcloud(
      `forwarding-rules set-target floating --region us-central1 --load-balancing-scheme INTERNAL --target-instance t2 --target-instance-zone ${ZONE}`,
    );
    const rule = await value('forwarding-rules list', 'name,IPProtocol,target.basename()');
    expect(rule).toBe('floating\tUDP\tt2');
  });

  it('is told by name what the lab does not do', async () => {
    await expect(gcloud(`disks create d --zone ${ZONE}`)).rejects.toMatchObject({
      stderr: expect.stringContaining('rtpfleet lab: compute.disks.insert is not supported'),
    });
  });
});
