import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withServicesOff } from '../../../scripts/setup/system.mjs';

let folder = '';
let policy = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'policy-'));
  policy = join(folder, 'policy-rc.d');
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('withServicesOff', () => {
  it('denies every start of a service meanwhile, and leaves nothing', async () => {
    await withServicesOff(async () => {
      expect(statSync(policy).mode & 0o111).toBe(0o111);
      expect(readFileSync(policy, 'utf8')).toMatch(/^#!\/bin\/sh\n.*\nexit 101\n$/);
    }, policy);
    expect(existsSync(policy)).toBe(false);
  });

  it('leaves nothing when the installation fails', async () => {
    const failing = withServicesOff(() => Promise.reject(new Error('apt')), policy);
    await expect(failing).rejects.toThrow('apt');
    expect(existsSync(policy)).toBe(false);
  });

  it("keeps a machine's own policy as it is", async () => {
    const own = '#!/bin/sh\nexit 101\n';
    writeFileSync(policy, own);
    await withServicesOff(async () => expect(readFileSync(policy, 'utf8')).toBe(own), policy);
    expect(readFileSync(policy, 'utf8')).toBe(own);
  });

  it('takes away what a killed set-up left', async () => {
    let left = '';
    await withServicesOff(async () => {
      left = readFileSync(policy, 'utf8');
    }, policy);
    writeFileSync(policy, left);
    await withServicesOff(async () => undefined, policy);
    expect(existsSync(policy)).toBe(false);
  });
});
