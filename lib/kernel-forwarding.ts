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
