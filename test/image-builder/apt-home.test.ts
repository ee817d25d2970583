import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { networkSettings, writeAptHome } from '../../image-builder/apt-home.ts';
import { runCommand } from '../../image-builder/command.ts';

const DUMP = `Acquire "";
Acquire::AllowInsecureRepositories "0";
Acquire::http "";
Acquire::http::Proxy "http://proxy.example:3128/";
Acquire::http::Proxy::mirror.example "DIRECT";
Acquire::https::CAInfo "/etc/ssl/own.pem";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "true";
Acquire::Languages:: "de";
Acquire::GzipIndexes "true";
Acquire::http::User-Agent "a "b" c";
`;

test('of this machine’s settings apt keeps how it reaches the network, and nothing else', () => {
  expect(networkSettings(DUMP)).toEqual([
    'Acquire::AllowInsecureRepositories "0";',
    'Acquire::http::Proxy "http://proxy.example:3128/";',
    'Acquire::http::Proxy::mirror.example "DIRECT";',
    'Acquire::https::CAInfo "/etc/ssl/own.pem";',
  ]);
});

test('what apt of this machine does after each update, and what it installs besides, does not count', async () => {
  const home = mkdtempSync(join(tmpdir(), 'rtpfleet-apt-home-'));
  try {
    const shop = { log: join(home, 'log'), signal: new AbortController().signal };
    await writeAptHome(shop, home, ['deb http://mirror.example/debian trixie main']);
    const read = await runCommand(shop, ['apt-config', 'dump'], {
      env: { APT_CONFIG: join(home, 'apt.conf') },
    });
    expect(read).toContain('APT::Install-Recommends "false";');
    expect(read).not.toMatch(/^APT::Update::Post-Invoke|^DPkg::Post-Invoke/m);
  } finally {
    rmSync(home, { recursive: true });
  }
});
