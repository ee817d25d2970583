import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { runCommand } from '../../image-builder/command.ts';
import { FleetError } from '../../lib/errors.ts';

const folder = mkdtempSync(join(tmpdir(), 'rtpfleet-command-'));
afterAll(() => rmSync(folder, { recursive: true }));

function shop(signal = new AbortController().signal) {
  return { log: join(folder, 'log'), signal };
}

/** The process id that a program wrote; its file is there before its text is. */
async function pidIn(file: string): Promise<number> {
  for (;;) {
    const text = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
    if (text !== '') return Number(text);
    await sleep(20);
  }
}

/** Ended, waited for or not. It may go between two looks at it. */
function isGone(pid: number): boolean {
  try {
    return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return true;
  }
}

async function gone(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 600; tries++) {
    if (isGone(pid)) return true;
    await sleep(50);
  }
  return false;
}

describe('a command of the build', () => {
  test('gives back what it prints; the log has everything', async () => {
    expect(await runCommand(shop(), ['sh', '-c', 'echo out; echo err >&2'])).toBe('out\n');
    expect(readFileSync(shop().log, 'utf8')).toMatch(
      /\$ sh -c echo out; echo err >&2\n(out\nerr|err\nout)\n/,
    );
  });

  test('takes its words as they are, whatever is in them', async () => {
    const words = ["it's", 'a "b"', '$HOME', '*', '', 'ü\nnewline'];
    expect(await runCommand(shop(), ['printf', '%s|', ...words])).toBe(`${words.join('|')}|`);
  });

  test('that fails is named with its last lines and the place of the log', async () => {
    const failing = runCommand(shop(), ['sh', '-c', 'seq 1 100; echo no room >&2; exit 7']);
    await expect(failing).rejects.toMatchObject({
      code: 'command-failed',
      message: expect.stringMatching(/exit code 7.*\n\s+87\n(.*\n)+.*no room$/s),
      hint: `The whole output is in ${shop().log}`,
      facts: { exitCode: 7 },
    });
  });

  test('does not see the environment of the caller', async () => {
    process.env.RTPFLEET_TEST_SECRET = 'x';
    expect(await runCommand(shop(), ['env'])).not.toContain('RTPFLEET_TEST_SECRET');
  });

  test('does not run what the caller has in a shell’s start file', async () => {
    const home = process.env.HOME;
    writeFileSync(join(folder, '.bashrc'), 'echo from .bashrc\n');
    process.env.HOME = folder;
    const said = await runCommand(shop(), ['echo', 'mine']).finally(() => {
      process.env.HOME = home;
    });
    expect(said).toBe('mine\n');
  });

  test('ends with Ctrl-C, and the reason comes through', async () => {
    const control = new AbortController();
    const running = runCommand(shop(control.signal), ['sh', '-c', `echo $$ >${folder}/pid; exec sleep 100`]);
    const pid = await pidIn(`${folder}/pid`);
    control.abort(new FleetError({ kind: 'interrupted', code: 'interrupted', message: 'stop' }));
    await expect(running).rejects.toMatchObject({ kind: 'interrupted' });
    expect(await gone(pid)).toBe(true);
  });

  test('leaves it to the builder to end after Ctrl-C: it has to clear up', async () => {
    const [command, interrupt] = ['command', 'commands/interrupt'].map((name) =>
      JSON.stringify(join(import.meta.dirname, `../../image-builder/${name}.ts`)),
    );
    const code = `const { runCommand } = await import(${command}), { interruptible } = await import(${interrupt});
      const words = ['sh', '-c', 'echo $$ >${folder}/pid3; exec sleep 100'];
      await interruptible((signal) => runCommand({ log: '${folder}/log', signal }, words)).catch(() => undefined);
      setTimeout(() => process.stdout.write('cleared up'), 100);`;
    const builder = spawn(process.execPath, ['--input-type=module', '--eval', code]);
    const said: string[] = [];
    builder.stdout.on('data', (text) => said.push(String(text)));
    const pid = await pidIn(`${folder}/pid3`);
    builder.kill('SIGINT');
    await new Promise((ended) => builder.once('close', ended));
    expect(said.join('')).toBe('cleared up');
    expect(await gone(pid)).toBe(true);
  });

  test('does not outlive what it waits for, when that fails', async () => {
    let attended = 0;
    const running = runCommand(shop(), ['cat'], {
      attend: async (pid) => {
        attended = pid;
        throw new Error('no ids');
      },
    });
    await expect(running).rejects.toThrow('no ids');
    expect(await gone(attended)).toBe(true);
  });

  test('dies with a builder that is killed with SIGKILL', async () => {
    const module = JSON.stringify(join(import.meta.dirname, '../../image-builder/command.ts'));
    const code = `const { runCommand } = await import(${module});
      await runCommand({ log: '${folder}/log', signal: new AbortController().signal }, ['sh', '-c', 'echo $$ >${folder}/pid2; exec sleep 100']);`;
    const builder = spawn(process.execPath, ['--input-type=module', '--eval', code]);
    const pid = await pidIn(`${folder}/pid2`);
    builder.kill('SIGKILL');
    expect(await gone(pid)).toBe(true);
  });
});
