/** Runs `rtpfleet-health` as it is in an image: the unit, RTPEngine's ports and Redis are what a test says. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { PROGRAMS } from './relay-config.ts';

export type Health = {
  readonly exitCode: number | undefined;
  readonly ok: boolean;
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly detail: string }[];
  readonly text: string;
};

/**
 * @param config lines of /run/rtpfleet/rtpengine.conf
 * @param unit what `systemctl is-active` says of RTPEngine's unit
 * @param table the one that RTPEngine has in the kernel; undefined: it has none
 */
export async function healthWith(
  config: readonly string[],
  unit = 'active',
  table?: number,
): Promise<Health> {
  const folder = mkdtempSync(join(tmpdir(), 'rtpfleet-health-'));
  try {
    writeFileSync(join(folder, 'rtpengine.conf'), `${config.join('\n')}\n`);
    writeFileSync(join(folder, 'systemctl'), `#!/bin/sh\necho ${unit}\n`, { mode: 0o755 });
    const inKernel = join(folder, 'kernel', String(table ?? 'none'));
    mkdirSync(inKernel, { recursive: true });
    writeFileSync(join(inKernel, 'control'), '');
    for (const name of ['ask', 'common.sh', 'kernel-state', 'rtpfleet-health']) {
      const program = readFileSync(join(PROGRAMS, name), 'utf8')
        .replaceAll('/usr/lib/rtpfleet', folder)
        .replaceAll('/run/rtpfleet', folder)
        .replaceAll('/proc/rtpengine', join(folder, 'kernel'));
      writeFileSync(join(folder, name), program, { mode: 0o755 });
    }
    const env = { PATH: `${folder}:${process.env.PATH ?? ''}` };
    const { exitCode, stdout } = await execa('sh', [join(folder, 'rtpfleet-health')], { reject: false, env });
    return { exitCode, text: stdout, ...JSON.parse(stdout) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
