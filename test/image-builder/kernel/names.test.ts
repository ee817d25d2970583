import { describe, expect, test } from 'vitest';
import {
  firewallPackages,
  kernelModuleOf,
  kernelOf,
  modulesAtBoot,
} from '../../../image-builder/kernel/names.ts';

describe("RTPEngine's kernel module", () => {
  test.each([
    ['mr10.5.3.5', 'xt_RTPENGINE', 'iptables'],
    ['mr11.5.1.50', 'xt_RTPENGINE', 'iptables'],
    ['mr12.0.1.1', 'xt_RTPENGINE', 'nftables'],
    ['mr14.0.1.11', 'xt_RTPENGINE', 'nftables'],
    ['mr14.1.1.1', 'nft_rtpengine', 'nftables'],
    ['mr26.0.1.22', 'nft_rtpengine', 'nftables'],
  ])('of %s is %s, and gets its packets by %s', (version, name, firewall) => {
    expect(kernelModuleOf(version)).toEqual({ name, firewall });
    expect(modulesAtBoot(version)[0]).toBe(name);
  });

  test('needs packages only where iptables has to know it', () => {
    expect(firewallPackages('mr10.5.3.5', 'rtpengine-daemon')).toEqual(['iptables', 'rtpengine-iptables']);
    expect(firewallPackages('mr11.5.1.50', 'ngcp-rtpengine-daemon')).toContain('ngcp-rtpengine-iptables');
    expect(firewallPackages('mr12.5.1.31', 'rtpengine-daemon')).toEqual([]);
  });
});

describe('the kernel of an image', () => {
  const image = (name: string) => ({ name, version: '6.12.117-1' });

  test('is read off its packages', () => {
    const packages = [image('linux-image-cloud-amd64'), image('linux-image-6.12.117+deb13-cloud-amd64')];
    expect(kernelOf(packages)).toEqual({ release: '6.12.117+deb13-cloud-amd64', version: '6.12.117-1' });
  });

  test('is nobody’s guess when there are two or none', () => {
    expect(kernelOf([image('linux-image-cloud-amd64')])).toBeUndefined();
    expect(kernelOf([image('linux-image-6.1-a'), image('linux-image-6.2-a')])).toBeUndefined();
  });
});
