/** `r20260811-101502-3fa9`: sorts by time, fits a GCE label. `chance` in [0, 1). Pure. */
export function runId(now: number, chance: number): string {
  const [day = '', time = ''] = new Date(now).toISOString().split('T');
  const suffix = Math.floor(chance * 0x10000)
    .toString(16)
    .padStart(4, '0');
  return `r${day.replaceAll('-', '')}-${time.slice(0, 8).replaceAll(':', '')}-${suffix}`;
}
