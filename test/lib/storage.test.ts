import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Storage as GoogleStorage } from '@google-cloud/storage';
import { describe, expect, it, vi } from 'vitest';
import { connectStorage, type UploadSession } from '../../lib/storage.ts';
import { openTestLab, PROJECT, type TestLab } from '../support/lab-server.ts';

const BUCKET = 'rtpfleet-images';

async function archive(
  lab: TestLab,
  size: number,
): Promise<{ readonly file: string; readonly bytes: Buffer }> {
  const bytes = randomBytes(size);
  const file = join(lab.folder, 'archive.tar.gz');
  await writeFile(file, bytes);
  return { file, bytes };
}

function memory(uri?: string): UploadSession {
  let known = uri;
  return {
    read: () => known,
    write: (next) => {
      known = next;
    },
  };
}

async function openWithBucket() {
  const lab = await openTestLab();
  const storage = await connectStorage({ project: PROJECT, endpoint: lab.url });
  await storage.ensureBucket(BUCKET, 'us-central1');
  return { lab, storage };
}

describe('storage', () => {
  it('uploads a file whole, and gives the URL that an image is imported from', async () => {
    const { lab, storage } = await openWithBucket();
    const { file, bytes } = await archive(lab, 3_000_000);
    const progress: number[] = [];
    const object = 'images/a.tar.gz';
    const url = await storage.upload({
      bucket: BUCKET,
      object,
      file,
      onProgress: (sent) => progress.push(sent),
    });
    expect(url).toBe(`https://storage.googleapis.com/${BUCKET}/${object}`);
    expect(await storage.size(BUCKET, object)).toBe(bytes.length);
    expect(progress.at(-1)).toBe(bytes.length);
    const rawDisk = { source: url };
    const { data } = await lab.api.images.insert({ project: PROJECT, requestBody: { name: 'a', rawDisk } });
    expect((await lab.done(data)).error).toBeUndefined();
    const imported = [...lab.images.imported.values()][0] ?? '';
    expect((await readFile(imported)).equals(bytes)).toBe(true);
  });

  it('makes a bucket once, knows what is not there, and removes without complaint', async () => {
    const { lab, storage } = await openWithBucket();
    await storage.ensureBucket(BUCKET, 'us-central1');
    expect(await storage.size(BUCKET, 'none')).toBeUndefined();
    const { file } = await archive(lab, 10);
    await storage.upload({ bucket: BUCKET, object: 'o', file });
    await storage.remove(BUCKET, 'o');
    await storage.remove(BUCKET, 'o');
    expect(await storage.size(BUCKET, 'o')).toBeUndefined();
  });

  it('takes a bucket that another made a moment before', async () => {
    const lab = await openTestLab();
    const storage = await connectStorage({ project: PROJECT, endpoint: lab.url });
    const both = [1, 2].map(() => storage.ensureBucket(BUCKET, 'us-central1'));
    await Promise.all(both);
    expect(await storage.size(BUCKET, 'none')).toBeUndefined();
  });

  it('replaces an object, and keeps no byte of the old one', async () => {
    const { lab, storage } = await openWithBucket();
    for (const size of [100, 50]) {
      const { file } = await archive(lab, size);
      await storage.upload({ bucket: BUCKET, object: 'o', file });
    }
    expect(await storage.size(BUCKET, 'o')).toBe(50);
  });

  it('says which bucket is missing', async () => {
    const { lab, storage } = await openWithBucket();
    const { file } = await archive(lab, 10);
    await expect(storage.upload({ bucket: 'nowhere', object: 'o', file })).rejects.toMatchObject({
      code: 'storage-not-found',
      kind: 'hold',
    });
  });

  it('keeps small objects, and knows what is not there', async () => {
    const { storage } = await openWithBucket();
    await storage.put(BUCKET, 'records/a.json', '{"a":1}');
    await storage.put(BUCKET, 'records/a.json', '{"a":2}');
    expect(await storage.text(BUCKET, 'records/a.json')).toBe('{"a":2}');
    expect(await storage.text(BUCKET, 'records/b.json')).toBeUndefined();
    expect(await storage.text('nowhere', 'records/a.json')).toBeUndefined();
  });

  it('reports a denial as one', async () => {
    const { lab, storage } = await openWithBucket();
    await lab.send('POST', '/lab/v1/faults', { match: 'GET /storage/*', status: 403, reason: 'forbidden' });
    await expect(storage.size(BUCKET, 'o')).rejects.toMatchObject({ code: 'storage-denied', kind: 'stop' });
  });

  it('goes on with an upload whose connection broke', async () => {
    const { lab, storage } = await openWithBucket();
    const { file, bytes } = await archive(lab, 2_000_000);
    await lab.send('POST', '/lab/v1/faults', { match: 'PUT /upload/*', status: 503, times: 1 });
    await storage.upload({ bucket: BUCKET, object: 'o', file });
    expect(await storage.size(BUCKET, 'o')).toBe(bytes.length);
  });

  it('goes on where a process before it ended, and sends only what is missing', async () => {
    const { lab, storage } = await openWithBucket();
    const { file, bytes } = await archive(lab, 20_000_000);
    const session = memory();
    const upload = { bucket: BUCKET, object: 'o', file, session };
    await lab.send('POST', '/lab/v1/faults', { match: 'PUT /upload/*', delayMs: 0, times: 2 });
    await lab.send('POST', '/lab/v1/faults', { match: 'PUT /upload/*', status: 403, times: 1 });
    await expect(storage.upload(upload)).rejects.toMatchObject({ code: 'storage-denied' });
    const progress: number[] = [];
    await storage.upload({ ...upload, onProgress: (sent) => progress.push(sent) });
    expect(progress[0]).toBeGreaterThan(16 * 2 ** 20);
    expect(progress.at(-1)).toBe(bytes.length);
    expect(await storage.size(BUCKET, 'o')).toBe(bytes.length);
    expect(session.read()).toBeUndefined();
  });

  it('goes on where a process was killed with SIGKILL', async () => {
    const { lab, storage } = await openWithBucket();
    const { file, bytes } = await archive(lab, 80_000_000);
    const known = join(lab.folder, 'session');
    await lab.send('POST', '/lab/v1/faults', { match: 'PUT /upload/*', delayMs: 300 });
    const module = JSON.stringify(join(import.meta.dirname, '../../lib/storage.ts'));
    const code = `import { writeFileSync } from 'node:fs';
      const { connectStorage } = await import(${module});
      const storage = await connectStorage({ project: '${PROJECT}', endpoint: '${lab.url}' });
      const session = { read: () => undefined, write: (uri) => writeFileSync('${known}', uri ?? '') };
      await storage.upload({ bucket: '${BUCKET}', object: 'o', file: '${file}', session });`;
    const sender = spawn(process.execPath, ['--input-type=module', '--eval', code]);
    const ended = new Promise((resolve) => sender.once('exit', (_, signal) => resolve(signal)));
    // The first of its five pieces has arrived, and the second is on its way.
    await vi.waitFor(
      async () => {
        const uri = await readFile(known, 'utf8');
        const asked = await fetch(uri, {
          method: 'PUT',
          headers: { 'content-range': `bytes */${bytes.length}` },
        });
        expect(Number(asked.headers.get('range')?.split('-')[1])).toBeGreaterThanOrEqual(16 * 2 ** 20 - 1);
      },
      { timeout: 20_000, interval: 20 },
    );
    sender.kill('SIGKILL');
    expect(await ended).toBe('SIGKILL');
    const uri = await readFile(known, 'utf8');
    const progress: number[] = [];
    const session = memory(uri);
    await storage.upload({
      bucket: BUCKET,
      object: 'o',
      file,
      session,
      onProgress: (sent) => progress.push(sent),
    });
    expect(progress[0]).toBeGreaterThan(16 * 2 ** 20);
    expect(await storage.size(BUCKET, 'o')).toBe(bytes.length);
    expect(session.read()).toBeUndefined();
  });

  it('begins anew when the session it should go on with is over', async () => {
    const { lab, storage } = await openWithBucket();
    const { file, bytes } = await archive(lab, 1_000);
    const uri = `${lab.url}/upload/storage/v1/b/${BUCKET}/o?uploadType=resumable&upload_id=gone`;
    await storage.upload({ bucket: BUCKET, object: 'o', file, session: memory(uri) });
    expect(await storage.size(BUCKET, 'o')).toBe(bytes.length);
  });

  it('sends nothing when the object has these bytes already', async () => {
    const { lab, storage } = await openWithBucket();
    const { file, bytes } = await archive(lab, 1_000);
    await storage.upload({ bucket: BUCKET, object: 'o', file });
    await lab.send('POST', '/lab/v1/faults', { match: '* /upload/*', status: 403 });
    const progress: number[] = [];
    await storage.upload({ bucket: BUCKET, object: 'o', file, onProgress: (sent) => progress.push(sent) });
    expect(progress).toEqual([bytes.length]);
    await writeFile(file, randomBytes(1_000));
    await expect(storage.upload({ bucket: BUCKET, object: 'o', file })).rejects.toThrow();
  });
});

describe('an upload in chunks', () => {
  it('is told where it is, and cannot leave a gap', async () => {
    const { lab } = await openWithBucket();
    const start = await fetch(`${lab.url}/upload/storage/v1/b/${BUCKET}/o?uploadType=resumable&name=o`, {
      method: 'POST',
    });
    const session = start.headers.get('location') ?? '';
    const put = (range: string, body?: string) =>
      fetch(session, { method: 'PUT', headers: { 'content-range': range }, ...(body ? { body } : {}) });
    expect((await put('bytes 0-4/10', 'abcde')).headers.get('range')).toBe('bytes=0-4');
    expect((await put('bytes 7-9/10', 'xyz')).status).toBe(400);
    const asked = await put('bytes */10');
    expect([asked.status, asked.headers.get('range')]).toEqual([308, 'bytes=0-4']);
    expect(await (await put('bytes 5-9/10', 'fghij')).json()).toMatchObject({ size: '10', name: 'o' });
    expect((await put('bytes */10')).status).toBe(404);
  });
});

describe('Google’s storage client itself', () => {
  const connect = (lab: TestLab) =>
    new GoogleStorage({ projectId: PROJECT, apiEndpoint: lab.url, useAuthWithCustomEndpoint: false });

  it('uploads in one request and checks the digests of a download', async () => {
    const { lab } = await openWithBucket();
    const bucket = connect(lab).bucket(BUCKET);
    const bytes = randomBytes(50_000);
    await bucket.file('small').save(bytes, { resumable: false, contentType: 'application/gzip' });
    const [got] = await bucket.file('small').download();
    expect(got.equals(bytes)).toBe(true);
    const [metadata] = await bucket.file('small').getMetadata();
    expect(metadata).toMatchObject({ contentType: 'application/gzip', size: '50000' });
  });

  it('lists by prefix, and refuses to delete a bucket that is not empty', async () => {
    const { lab } = await openWithBucket();
    const bucket = connect(lab).bucket(BUCKET);
    for (const name of ['a/1', 'a/2', 'b/1']) await bucket.file(name).save('x', { resumable: false });
    const [files] = await bucket.getFiles({ prefix: 'a/' });
    expect(files.map(({ name }) => name)).toEqual(['a/1', 'a/2']);
    await expect(bucket.delete()).rejects.toMatchObject({ code: 409 });
    await bucket.deleteFiles();
    await bucket.delete();
    expect(await bucket.exists()).toEqual([false]);
  });
});
