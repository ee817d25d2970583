import { type ChildProcess, spawn } from 'node:child_process';
import { freePort } from './free-port.ts';
import { freshLoopback } from './loopback.ts';

/** A redis-server of one test. */
export type TestRedis = {
  readonly host: string;
  readonly port: number;
  readonly child: ChildProcess;
};

export type TestRedisOptions = {
  /** Its working folder. */
  readonly dir: string;
  /** Further words of the command line; with a port of its own among them (`--tls-port`) given as `{port}`. */
  readonly args?: readonly string[];
  /** Address and port of one that ran before, to come back there; or an address that a certificate names. */
  readonly place?: { readonly host: string; readonly port?: number };
};

/** Starts one that keeps nothing, at a loopback address that no other test has, so that its port cannot be taken meanwhile. */
export async function startRedis({
  dir,
  args = ['--port', '{port}'],
  place,
}: TestRedisOptions): Promise<TestRedis> {
  const host = place?.host ?? freshLoopback();
  const port = place?.port ?? (await freePort(host));
  const words = args.map((word) => word.replace('{port}', String(port)));
  const child = await runRedis(['--bind', host, '--save', '', '--dir', dir, ...words]);
  return { host, port, child };
}

/** Resolves once it takes connections; rejects with what it said when it ends before. */
export async function runRedis(args: readonly string[]): Promise<ChildProcess> {
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'ignore'] });
  let said = '';
  await new Promise<void>((ready, failed) => {
    child.once('error', failed);
    child.once('close', (code) => failed(new Error(`redis-server ended (${code}): ${said}`)));
    child.stdout.on('data', (text: Buffer) => {
      said += text.toString();
      if (said.includes('Ready to accept')) ready();
    });
  });
  return child;
}
