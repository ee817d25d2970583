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

export type Network = {
  /** Addresses that the metadata server says are forwarded to the machine; undefined: it does not answer. */
  readonly forwarded: readonly string[] | undefined;
  /** Addresses that are the machine's own. */
  readonly local: readonly string[];
};

/**
 * @param config lines of /run/rtpfleet/rtpengine.conf
 * @param unit what `systemctl is-active` says of RTPEngine's unit
 * @param table the one that RTPEngine has in the kernel; undefined: it has none
 * @param network what its network and the metadata server say
 */
export async function healthWith(
  config: readonly string[],
  unit = 'active',
  table?: number,
  network?: Network,
): Promise<Health> {
  const folder = mkdtempSync(join(tmpdir(), 'rtpfleet-health-'));
  try {
    writeFileSync(join(folder, 'rtpengine.conf'), `${config.join('\n')}\n`);
    writeFileSync(join(folder, 'systemctl'), `#!/bin/sh\necho ${unit}\n`, { mode: 0o755 });
    if (network !== undefined) writeNetwork(folder, network);
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

/** Programs that speak for the network, in a folder of PATH. */
function writeNetwork(folder: string, { forwarded, local }: Network): void {
  const json = JSON.stringify({ accessConfigs: [], forwardedIps: forwarded, ip: '10.0.0.7' });
  const answer = forwarded === undefined ? 'exit 7' : `printf '%s\\n200' '${json}'`;
  const routes = local.map((address) => `local ${address} dev eth0 proto 66 scope host `);
  writeFileSync(join(folder, 'curl'), `#!/bin/sh\n${answer}\n`, { mode: 0o755 });
  writeFileSync(join(folder, 'ip'), `#!/bin/sh\ncat <<END\n${routes.join('\n')}\nEND\n`, { mode: 0o755 });
}
