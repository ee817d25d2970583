/** Debian's Kamailio and RTPEngine themselves, on loopback: what rollout tells a proxy is what the proxy then does. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { callProxy } from '../../rollout/adapters/proxies/json-rpc.ts';
import { proxiesOf } from '../../rollout/adapters/proxies.ts';
import type { RelayPlace } from '../../rollout/ports.ts';
import { freshLoopback } from '../support/loopback.ts';
import { findRtpengines, type RunningRtpengine, startRtpengine } from '../support/rtpengine.ts';

const host = freshLoopback();
const url = `http://${host}:8080/RPC`;
const folder = mkdtempSync(join(tmpdir(), 'rtpfleet-kamailio-'));
const relays: RunningRtpengine[] = [];
let proxy: ChildProcess;
let log = '';

/** A silent relay is given up after 2 × 0.25 s, not 5 × 1 s. */
function configuration(sockets: readonly string[]): string {
  const modules = ['xhttp', 'jsonrpcs', 'sl', 'tm', 'pv', 'cfg_rpc', 'rtpengine'];
  return [
    '#!KAMAILIO',
    'children=1',
    'tcp_children=1',
    'log_stderror=yes',
    `listen=udp:${host}:5060`,
    `listen=tcp:${host}:8080`,
    ...modules.map((name) => `loadmodule "${name}.so"`),
    'modparam("jsonrpcs", "transport", 1)',
    `modparam("rtpengine", "rtpengine_sock", "1 == ${sockets.join(' ')}")`,
    'modparam("rtpengine", "rtpengine_tout_ms", 250)',
    'modparam("rtpengine", "rtpengine_retr", 2)',
    'request_route { exit; }',
    'event_route[xhttp:request] { jsonrpc_dispatch(); }',
    '',
  ].join('\n');
}

beforeAll(async () => {
  const [tree] = findRtpengines();
  if (tree === undefined) throw new Error('rtpengine-daemon is not installed');
  for (let count = 0; count < 2; count += 1) relays.push(await startRtpengine(tree));
  const file = join(folder, 'kamailio.cfg');
  writeFileSync(file, configuration(relays.map(({ place }) => `udp:${place.host}:${place.ngPort}`)));
  proxy = spawn('kamailio', ['-f', file, '-DD', '-E', '-P', join(folder, 'pid'), '-m', '32', '-M', '4']);
  proxy.stderr?.on('data', (text) => (log += String(text)));
  await vi
    .waitFor(() => proxies().check(), { timeout: 20_000, interval: 100 })
    .catch((error) => {
      throw new Error(`${String(error)}\n${log}`);
    });
}, 60_000);

afterAll(async () => {
  if (proxy?.exitCode === null) {
    const gone = new Promise((resolve) => proxy.once('exit', resolve));
    proxy.kill('SIGTERM');
    await gone;
  }
  await Promise.all(relays.map((relay) => relay.stop()));
  rmSync(folder, { recursive: true, force: true });
});

function proxies(whileAway?: { readonly timeoutMs: number; readonly tries: number }) {
  const patience = whileAway === undefined ? {} : { whileAway };
  return proxiesOf({
    proxies: [{ kind: 'kamailio', url, ...patience }],
    rtpengine: { ngPort: 2223 } as Parameters<typeof proxiesOf>[0]['rtpengine'],
  });
}

const placeOf = (index: number): RelayPlace => ({
  name: `relay-${index}`,
  address: relays[index]?.place.host ?? '',
  version: undefined,
});

test('a relay is left out for good and taken back, the other goes on', async () => {
  const places = [placeOf(0), placeOf(1)];
  expect(await proxies().leftOut(places)).toEqual([]);
  expect(await proxies().leaveOut(placeOf(0))).toBe(`Kamailio at ${url} has it off`);
  expect(await proxies().leaveOut(placeOf(0))).toBe(`Kamailio at ${url} has it off`);
  expect(await proxies().leftOut(places)).toEqual([{ relay: 'relay-0', proxy: `Kamailio at ${url}` }]);
  expect(await proxies().takeBack(placeOf(0))).toBe(`Kamailio at ${url} has it on`);
  expect(await proxies().leftOut(places)).toEqual([]);
});

test('while a relay is switched off Kamailio waits less for any, and as before once none is', async () => {
  const hurried = proxies({ timeoutMs: 100, tries: 5 });
  const waits = async () => [
    await callProxy(url, 'cfg.get', ['rtpengine', 'rtpengine_tout_ms']),
    await callProxy(url, 'cfg.get', ['rtpengine', 'rtpengine_retr']),
  ];
  await hurried.check();
  await hurried.leaveOut(placeOf(0));
  await hurried.leaveOut(placeOf(1));
  expect(await waits()).toEqual([100, 2]);
  await hurried.takeBack(placeOf(0));
  expect(await waits()).toEqual([100, 2]);
  await hurried.takeBack(placeOf(1));
  expect(await waits()).toEqual([250, 2]);
});

test('a relay that does not answer is not taken back, and that is said', async () => {
  await proxies().leaveOut(placeOf(1));
  await relays[1]?.stop();
  await expect(proxies().takeBack(placeOf(1))).rejects.toMatchObject({
    code: 'proxy-unchanged',
    message: expect.stringContaining('has it ailing'),
  });
});

test('a relay that this proxy does not have is nothing to be told', async () => {
  expect(await proxies().leaveOut({ ...placeOf(0), address: '127.0.0.1' })).toBe(
    `Kamailio at ${url} does not know udp:127.0.0.1:2223`,
  );
});
