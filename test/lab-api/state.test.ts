import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openStore } from '../../lab/state.ts';

async function open() {
  const folder = await mkdtemp(join(tmpdir(), 'rtpfleet-state-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'state.json');
  const store = await openStore(file, 'p');
  const written = async () => JSON.parse(await readFile(file, 'utf8')).serial as number;
  const set = (serial: number): void => {
    store.state.serial = serial;
    store.changed();
  };
  return { folder, store, written, set };
}

describe('the state file', () => {
  it('has every change once `saved` resolves', async () => {
    const { store, written, set } = await open();
    for (const serial of [1, 2, 3]) {
      set(serial);
      await store.saved();
      expect(await written()).toBe(serial);
    }
  });

  it('gets a change that comes while it is being written, though nobody waits for it', async () => {
    const { store, written, set } = await open();
    set(1);
    const first = store.saved();
    set(2);
    await first;
    await expect.poll(written).toBe(2);
  });

  it('lets go of who waits though the state changes all the time', async () => {
    const { store, set } = await open();
    let busy = true;
    const change = (serial: number): void => {
      set(serial);
      if (busy) setImmediate(change, serial + 1);
    };
    change(1);
    await store.saved();
    await store.saved();
    busy = false;
    await new Promise((resolve) => setImmediate(resolve));
    await store.close();
  });

  it('stays as it is after the store is closed', async () => {
    const { store, written, set } = await open();
    set(1);
    await store.close();
    set(2);
    await store.saved();
    expect(await written()).toBe(1);
  });

  it('says when it cannot be written', async () => {
    const { folder, store, set } = await open();
    await rm(folder, { recursive: true });
    set(1);
    await expect(store.saved()).rejects.toThrow(/ENOENT/);
  });
});
