import { connect, createServer, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createMetadataServer, type MetadataServer } from '../../lab/metadata.ts';
import type { MetadataTree } from '../../lab/ports.ts';

const TREE: MetadataTree = {
  instance: {
    id: '7000000000000000001',
    name: 'relay-1',
    'machine-type': 'projects/1/machineTypes/e2-small',
    attributes: { 'startup-script': '#!/bin/sh\necho', 'Mixed-Case_key': 'kept' },
    tags: ['media', 'rtp'],
    'network-interfaces': [
      { ip: '10.70.1.20', 'access-configs': [{ 'external-ip': '', type: 'ONE_TO_ONE_NAT' }] },
    ],
    'service-accounts': {
      default: { email: 'relay@lab.example', scopes: ['https://a.example', 'https://b.example'] },
    },
    scheduling: { 'automatic-restart': true },
  },
  project: { 'project-id': 'lab-test', 'numeric-project-id': '1234', attributes: {} },
};

const V1 = '/computeMetadata/v1';

let server: MetadataServer;
let base: string;
let tree: MetadataTree | undefined;
let wakers: Set<() => void>;
let written: string[];
let enabled: boolean;

function change(next: MetadataTree): void {
  tree = next;
  for (const wake of wakers) wake();
}

beforeEach(async () => {
  [tree, wakers, written, enabled] = [TREE, new Set(), [], true];
  server = createMetadataServer({
    tree: () => tree,
    putGuestAttribute: (address, namespace, key, value) => {
      written.push(`${address} ${namespace}/${key}=${value}`);
      return enabled;
    },
    onChange: (wake) => {
      wakers.add(wake);
      return () => wakers.delete(wake);
    },
  });
  const socket: Server = createServer();
  server.serve(socket);
  await new Promise<void>((resolve) => socket.listen(0, '127.0.0.1', resolve));
  const address = socket.address();
  base = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
});
afterEach(() => server.close());

const FLAVOR = { 'Metadata-Flavor': 'Google' };
const get = (path: string, headers: Record<string, string> = FLAVOR): Promise<Response> =>
  fetch(`${base}${path}`, { headers, redirect: 'manual' });
const textOf = async (path: string): Promise<string> => (await get(path)).text();

describe('who may ask', () => {
  test('a request without Metadata-Flavor is refused, and each answer carries it', async () => {
    const refused = await get(`${V1}/instance/name`, {});
    expect(refused.status).toBe(403);
    expect(refused.headers.get('metadata-flavor')).toBe('Google');
  });

  test('a forwarded request is refused', async () => {
    expect((await get(`${V1}/instance/name`, { ...FLAVOR, 'X-Forwarded-For': '10.0.0.1' })).status).toBe(403);
  });

  test('the root answers anyone: clients find out by it that they are on Compute Engine', async () => {
    const root = await get('/', {});
    expect([root.status, root.headers.get('metadata-flavor')]).toEqual([200, 'Google']);
    expect(await root.text()).toBe('computeMetadata/\n');
  });

  test('an address that no machine has gets 404', async () => {
    tree = undefined;
    expect((await get(`${V1}/instance/name`)).status).toBe(404);
  });
});

describe('reading', () => {
  test('an entry is text, with alt=json JSON', async () => {
    expect(await textOf(`${V1}/instance/name`)).toBe('relay-1');
    expect(await textOf(`${V1}/instance/name?alt=json`)).toBe('"relay-1"');
    expect((await get(`${V1}/instance/name`)).headers.get('content-type')).toBe('application/text');
  });

  test('a directory is listed in order, inner directories with a slash', async () => {
    expect(await textOf(`${V1}/`)).toBe('instance/\nproject/\n');
    expect(await textOf(`${V1}/instance/attributes/`)).toBe('Mixed-Case_key\nstartup-script\n');
    expect(await textOf(`${V1}/instance/network-interfaces/`)).toBe('0/\n');
  });

  test('a directory without its slash is redirected', async () => {
    const moved = await get(`${V1}/instance/network-interfaces/0`);
    expect(moved.status).toBe(301);
    expect(moved.headers.get('location')).toBe(`${V1}/instance/network-interfaces/0/`);
  });

  test('recursive is JSON in camel case, with the names that users gave left alone', async () => {
    const instance = JSON.parse(await textOf(`${V1}/instance/?recursive=true`));
    expect(instance.machineType).toBe('projects/1/machineTypes/e2-small');
    expect(instance.networkInterfaces[0].accessConfigs[0].type).toBe('ONE_TO_ONE_NAT');
    expect(instance.attributes).toEqual({ 'startup-script': '#!/bin/sh\necho', 'Mixed-Case_key': 'kept' });
    expect(instance.scheduling.automaticRestart).toBe('TRUE');
  });

  test("ids are numbers to the last digit, also where Google's agent asks, with two slashes", async () => {
    const all = await textOf(`${V1}//?recursive=true&alt=json&last_etag=NONE`);
    expect(all).toContain('"id":7000000000000000001');
    expect(all).toContain('"numericProjectId":1234');
  });

  test('recursive, a directory is the same without its slash', async () => {
    const question = 'recursive=true&alt=json';
    expect(await textOf(`${V1}/instance/attributes?${question}`)).toBe(
      await textOf(`${V1}/instance/attributes/?${question}`),
    );
  });

  test('recursive text has a line for each entry', async () => {
    expect(await textOf(`${V1}/project/?recursive=true&alt=text`)).toBe(
      'numeric-project-id 1234\nproject-id lab-test\n',
    );
  });

  test('lists are lines, tags are JSON', async () => {
    expect(await textOf(`${V1}/instance/service-accounts/default/scopes`)).toBe(
      'https://a.example\nhttps://b.example\n',
    );
    expect(await textOf(`${V1}/instance/tags`)).toBe('["media","rtp"]');
  });

  test.each(['instance/nothing', 'instance/attributes/nothing', 'instance/name/more', 'else'])(
    '%s is 404',
    async (path) => {
      expect((await get(`${V1}/${path}`)).status).toBe(404);
    },
  );

  test('credentials are never made up', async () => {
    expect((await get(`${V1}/instance/service-accounts/default/token`)).status).toBe(501);
    expect((await get(`${V1}/instance/service-accounts/other@lab.example/token`)).status).toBe(404);
    tree = { ...TREE, instance: { name: 'relay-1', 'service-accounts': {} } };
    expect((await get(`${V1}/instance/service-accounts/default/token`)).status).toBe(404);
  });

  test('a parameter with a bad value is 400', async () => {
    expect((await get(`${V1}/instance/name?alt=xml`)).status).toBe(400);
    expect((await get(`${V1}/instance/name?wait_for_change=true&timeout_sec=soon`)).status).toBe(400);
  });
});

describe('waiting for a change', () => {
  const renamed = (name: string): MetadataTree => ({ ...TREE, instance: { name, attributes: {} } });

  test('answers when the contents change, with the etag that the next wait gives back', async () => {
    const waiting = get(`${V1}/instance/name?wait_for_change=true`);
    await expect.poll(() => wakers.size).toBe(1);
    change(renamed('relay-2'));
    const changed = await waiting;
    expect(await changed.text()).toBe('relay-2');
    expect(changed.headers.get('etag')).toMatch(/^[0-9a-f]{16}$/);
    expect(wakers.size).toBe(0);
  });

  test('is not woken by a change elsewhere', async () => {
    const waiting = get(`${V1}/instance/name?wait_for_change=true`);
    await expect.poll(() => wakers.size).toBe(1);
    change({ ...TREE, project: { 'project-id': 'other' } });
    expect(wakers.size).toBe(1);
    change(renamed('relay-2'));
    expect(await (await waiting).text()).toBe('relay-2');
  });

  test('answers at once when the client knows an older state', async () => {
    expect(await textOf(`${V1}/instance/name?wait_for_change=true&last_etag=NONE`)).toBe('relay-1');
  });

  test('waits when the client knows the present state, and after timeout_sec says it again', async () => {
    const etag = (await get(`${V1}/instance/name`)).headers.get('etag') ?? '';
    const again = await get(`${V1}/instance/name?wait_for_change=true&last_etag=${etag}&timeout_sec=1`);
    expect([again.status, await again.text()]).toEqual([200, 'relay-1']);
  });

  test('ends for a client that goes away, and for one whose machine does', async () => {
    const gone = new AbortController();
    const waiting = fetch(`${base}${V1}/instance/name?wait_for_change=true`, {
      headers: FLAVOR,
      signal: gone.signal,
    }).catch(() => 'aborted');
    await expect.poll(() => wakers.size).toBe(1);
    gone.abort();
    expect(await waiting).toBe('aborted');
    await expect.poll(() => wakers.size).toBe(0);
  });

  test('does not keep the server from closing, nor does a connection that never asks', async () => {
    const silent = connect(Number(new URL(base).port), '127.0.0.1');
    silent.on('error', () => undefined);
    const waiting = get(`${V1}/instance/name?wait_for_change=true`).catch(() => 'ended');
    await expect.poll(() => wakers.size).toBe(1);
    await server.close();
    expect(await waiting).toBe('ended');
    silent.destroy();
  });
});

describe('writing guest attributes', () => {
  const put = (path: string, body: string, headers: Record<string, string> = FLAVOR): Promise<Response> =>
    fetch(`${base}${V1}/${path}`, { method: 'PUT', body, headers });

  test('arrives with its namespace, key and value', async () => {
    expect((await put('instance/guest-attributes/rtpfleet/version', 'mr12.5.1.31')).status).toBe(200);
    expect(written).toEqual(['127.0.0.1 rtpfleet/version=mr12.5.1.31']);
  });

  test('is refused where it is not enabled, without the header, elsewhere, with a bad name, too long', async () => {
    const path = 'instance/guest-attributes/rtpfleet/version';
    expect((await put(path, 'x', {})).status).toBe(403);
    expect((await put('instance/attributes/rtpfleet', 'x')).status).toBe(405);
    expect((await put('instance/guest-attributes/rtpfleet', 'x')).status).toBe(405);
    expect((await put('instance/guest-attributes/rtp%20fleet/a', 'x')).status).toBe(400);
    expect((await put(path, 'x'.repeat(256 * 1024 + 1))).status).toBe(400);
    expect(written).toEqual([]);
    enabled = false;
    expect((await put(path, 'x')).status).toBe(403);
  });

  test('other methods are not allowed', async () => {
    const answer = await fetch(`${base}${V1}/instance/name`, { method: 'POST', headers: FLAVOR });
    expect(answer.status).toBe(405);
  });
});
