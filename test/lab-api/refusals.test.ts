import { describe, expect, it } from 'vitest';
import { addImage, openTestLab, PROJECT, refused, ZONE } from '../support/lab-server.ts';

const BASE = `/compute/v1/projects/${PROJECT}`;

describe('what the lab refuses', () => {
  it('answers 501 with its name to a method that GCE has and the lab has not', async () => {
    const lab = await openTestLab();
    const { status, json } = await lab.send('POST', `${BASE}/zones/${ZONE}/disks`, { name: 'd' });
    expect(status).toBe(501);
    expect(json.error.message).toBe('rtpfleet lab: compute.disks.insert is not supported');
  });

  it('answers 404 to a path that GCE does not have, and to another project', async () => {
    const lab = await openTestLab();
    expect((await lab.send('GET', `${BASE}/global/imagez`)).status).toBe(404);
    expect((await lab.send('GET', '/compute/v1/projects/other/global/images')).status).toBe(404);
  });

  it('answers with the body that GCE answers with', async () => {
    const lab = await openTestLab();
    const { json } = await lab.send('GET', `${BASE}/global/images/none`);
    const message = `The resource 'projects/${PROJECT}/global/images/none' was not found`;
    expect(json).toEqual({
      error: { code: 404, message, errors: [{ message, domain: 'global', reason: 'notFound' }] },
    });
  });

  it.each([
    ['an unknown field', { name: 'a', bogus: 1 }, 'badRequest', /Unknown name "bogus" at 'resource'/],
    [
      'a bad enum',
      { name: 'a', architecture: 'SPARC' },
      'invalid',
      /Acceptable values are: ARCHITECTURE_UNSPECIFIED, ARM64, X86_64/,
    ],
    ['a wrong type', { name: 'a', labels: 'x' }, 'invalid', /'resource.labels'/],
    ['a bad name', { name: 'Bad_Name', rawDisk: { source: 'x' } }, 'invalid', /Must be a match of regex/],
    [
      'a source outside storage',
      { name: 'a', rawDisk: { source: 'gs://b/o' } },
      'invalid',
      /'resource.rawDisk.source'/,
    ],
  ])('refuses %s with 400', async (_what, body, reason, sentence) => {
    const lab = await openTestLab();
    const { status, json } = await lab.send('POST', `${BASE}/global/images`, body);
    expect(status).toBe(400);
    expect(json.error.errors[0].reason).toBe(reason);
    expect(json.error.message).toMatch(sentence);
  });

  it('refuses a body that is missing, and one that is no JSON', async () => {
    const lab = await openTestLab();
    expect((await lab.send('POST', `${BASE}/global/images`)).json.error.message).toBe(
      "Required field 'resource' not specified",
    );
    const response = await fetch(`${lab.url}${BASE}/global/images`, { method: 'POST', body: '{' });
    expect(response.status).toBe(400);
  });

  it('refuses unknown query parameters and zones, and partial answers', async () => {
    const lab = await openTestLab();
    expect((await lab.send('GET', `${BASE}/global/images?bogus=1`)).status).toBe(400);
    expect((await lab.send('GET', `${BASE}/zones/nowhere-a/instances`)).json.error.message).toMatch(
      /Unknown zone/,
    );
    expect((await lab.send('GET', `${BASE}/global/images?fields=items(name)`)).status).toBe(501);
  });

  it('never ignores a filter: it understands it or refuses it', async () => {
    const lab = await openTestLab();
    await addImage(lab, 'relay-1', { labels: { fleet: 'a' } });
    await addImage(lab, 'relay-2', { labels: { fleet: 'b' } });
    const names = async (filter: string) =>
      (await lab.api.images.list({ project: PROJECT, filter })).data.items?.map(({ name }) => name) ?? [];
    expect(await names('labels.fleet=a')).toEqual(['relay-1']);
    expect(await names('labels.fleet=a OR name="relay-2"')).toEqual(['relay-1', 'relay-2']);
    expect(await names('name eq "(relay-2|x)"')).toEqual(['relay-2']);
    expect(await names('-labels.fleet=a')).toEqual(['relay-2']);
    expect(await names('NOT (labels.fleet = a) status=READY')).toEqual(['relay-2']);
    expect(await names('labels.other:*')).toEqual([]);
    expect(await names('diskSizeGb>3')).toEqual([]);
    for (const filter of ['name', 'name=', 'name=a)', '(name=a', 'name ~ x', 'name eq "("', 'name == b'])
      expect(await refused(names(filter)), filter).toMatchObject({ status: 400, reason: 'invalid' });
  });

  it('pages lists by maxResults and pageToken', async () => {
    const lab = await openTestLab();
    for (const name of ['a', 'b', 'c']) await addImage(lab, name);
    const first = (await lab.api.images.list({ project: PROJECT, maxResults: 2 })).data;
    expect(first.items?.map(({ name }) => name)).toEqual(['a', 'b']);
    const pageToken = first.nextPageToken ?? '';
    const second = (await lab.api.images.list({ project: PROJECT, maxResults: 2, pageToken })).data;
    expect(second.items?.map(({ name }) => name)).toEqual(['c']);
    expect(second.nextPageToken).toBeUndefined();
  });
});
