/** What in-kernel forwarding is called in which RTPEngine, and which kernel an image has. Pure. */
import { compareVersions } from '../../lib/version.ts';
import type { Package } from '../packages.ts';

export type KernelModule = {
  /** As modprobe knows it (kernel-module/ by tag: renamed in mr14.1). */
  readonly name: 'xt_RTPENGINE' | 'nft_rtpengine';
  /** Who hands packets to it: the daemon itself by nftables from mr12.0 on (daemon/nftables.c), a rule of iptables before. */
  readonly firewall: 'iptables' | 'nftables';
};

export function kernelModuleOf(version: string): KernelModule {
  return {
    name: compareVersions(version, 'mr14.1') < 0 ? 'xt_RTPENGINE' : 'nft_rtpengine',
    firewall: compareVersions(version, 'mr12.0') < 0 ? 'iptables' : 'nftables',
  };
}

/** Packages of an image that the module's rule needs, on top of the daemon's. */
export function firewallPackages(version: string, daemon: string): readonly string[] {
  if (kernelModuleOf(version).firewall === 'nftables') return [];
  return ['iptables', daemon.replace(/-daemon$/, '-iptables')];
}

/** Modules that are loaded at boot: a relay may load none by itself later. */
export function modulesAtBoot(version: string): readonly string[] {
  const { name, firewall } = kernelModuleOf(version);
  if (name === 'nft_rtpengine') return [name];
  return [name, firewall === 'nftables' ? 'nft_compat' : 'ip_tables'];
}

export type Kernel = {
  /** As `uname -r` says it, e.g. `6.12.117+deb13-cloud-amd64`. */
  readonly release: string;
  /** Debian version of its package. */
  readonly version: string;
};

/** The kernel among the packages of an image; undefined: there is none, or more than one. */
export function kernelOf(packages: readonly Package[]): Kernel | undefined {
  const kernels = packages.flatMap(({ name, version }) => {
    const release = /^linux-image-(\d.*)$/.exec(name)?.[1];
    return release === undefined ? [] : [{ release: release.replace(/-unsigned$/, ''), version }];
  });
  return kernels.length === 1 ? kernels[0] : undefined;
}
