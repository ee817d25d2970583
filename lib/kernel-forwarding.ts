/** What a relay says of forwarding in its kernel. Pure. */

/** What a healthy relay says of forwarding in the kernel; undefined: its fleet does not want that. */
export function kernelForwarding(health: string): string | undefined {
  const { checks = [] } = JSON.parse(health) as {
    readonly checks?: readonly { readonly name?: string; readonly detail?: string }[];
  };
  return checks.find(({ name }) => name === 'kernel')?.detail;
}

/** Whether that says that the kernel forwards (image-builder/on-image/kernel-state). */
export function isActive(kernel: string | undefined): boolean {
  return kernel?.startsWith('active') === true;
}

/** Whether it has to (image-builder/on-image/rtpfleet-health). */
function isRequired(kernel: string): boolean {
  return /, required$/.test(kernel);
}

/**
 * Why a relay of which a whole call went both ways is none that its fleet wants: forwarding in the kernel is required, and the
 * call does not show it. A table that is open forwards nothing where no packet comes to the module. Undefined: nothing is wrong.
 * @param kernel what the relay's health says of forwarding in the kernel
 * @param inKernel packets of the call that the kernel forwarded; undefined: it forwards none here, or the relay does not say
 */
export function kernelFault(kernel: string | undefined, inKernel: number | undefined): string | undefined {
  if (kernel === undefined || !isRequired(kernel)) return undefined;
  if (inKernel === undefined)
    return 'its kernel has to forward RTP, and the relay does not say how much of a call it forwarded';
  return inKernel > 0 ? undefined : 'its kernel has to forward RTP, and forwarded no packet of a call';
}

/** How much of a call the kernel forwarded, behind how much arrived; empty: it forwards none here. */
export function wordInKernel(kernel: string | undefined, inKernel: number | undefined): string {
  if (!isActive(kernel)) return '';
  if (inKernel === undefined) return ', and it does not say how many of them its kernel forwarded';
  return inKernel > 0
    ? `, ${inKernel} of them forwarded by the kernel`
    : ', none of them forwarded by the kernel, all in user space';
}
