/** What the name of a machine type of GCE says. Pure. */

/** Families of machine types with Arm processors (GCE: "Arm VMs on Compute Engine"). */
const ARM_FAMILIES: readonly string[] = ['t2a', 'c4a', 'n4a'];

export function isArm(machineType: string): boolean {
  const [family = ''] = machineType.split('-');
  return ARM_FAMILIES.includes(family);
}
