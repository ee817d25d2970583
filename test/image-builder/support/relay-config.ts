/** Runs `rtpfleet-config` as it is in an image, beside a metadata server, with the image's places moved into a folder. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';

export const PROGRAMS = join(import.meta.dirname, '../../../image-builder/on-image');

/** Keys of the metadata server that it reads, below `instance/`. */
export const IP = 'network-interfaces/0/ip';
export const EXTERNAL = 'network-interfaces/0/access-configs/0/external-ip';
export const REDIS = 'attributes/rtpfleet-redis';
export const HOME = 'attributes/rtpfleet-home';
export const FLOATING = 'attributes/rtpfleet-floating';
export const WATCHED = 'attributes/rtpfleet-watched';

/** What the metadata server gives the machine, to show to Google's APIs. */
export const TOKEN = 'ya29.token-of-the-machine';

export type Place = {
  /** Port of the metadata server; another one: nobody answers. */
  readonly port?: number;
  /** What the firmware says that the machine is. */
  readonly product?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Program that ends `rtpfleet-config` after some time. */
  readonly within?: readonly string[];
};

export type RelayBoot = {
  /** Writes the configuration out of `template`; once. */
  readonly configure: (
    template: string,
    metadata: Readonly<Record<string, string>>,
    place?: Place,
  ) => Promise<{
    readonly exitCode: number | undefined;
    readonly stderr: string;
    /** What is in /run/rtpfleet. */
    readonly files: readonly string[];
    readonly written: string;
    /** The setting that lets a program bind to an address that is not the machine's; absent: untouched. */
    readonly nonlocalBind: string | undefined;
  }>;
  /** Of the metadata server, and of Secret Manager. */
  readonly port: number;
  readonly close: () => void;
};

export async function openRelayBoot(): Promise<RelayBoot> {
  const folder = mkdtempSync(join(tmpdir(), 'rtpfleet-on-image-'));
  let told: Readonly<Record<string, string>> = {};
  const server = createServer((request, response) => {
    const key = (request.url ?? '').replace('/computeMetadata/v1/instance/', '');
    const flavor = request.headers['metadata-flavor'] === 'Google';
    const signed = request.headers.authorization === `Bearer ${TOKEN}`;
    const value = (key.startsWith('/v1/') ? signed : flavor) ? told[key] : undefined;
    response.writeHead(value === undefined ? 404 : 200).end(value ?? 'not found');
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    port: (server.address() as AddressInfo).port,
    configure: async (template, metadata, place = {}) => {
      told = { name: (await execa('hostname')).stdout, ...metadata };
      const { port = (server.address() as AddressInfo).port, product = 'Standard PC' } = place;
      mkdirSync(join(folder, 'run'));
      writeFileSync(join(folder, 'product_name'), `${product}\n`);
      writeFileSync(join(folder, 'rtpengine.conf.in'), template);
      for (const name of ['common.sh', 'rtpfleet-config']) {
        writeFileSync(join(folder, name), moved(readFileSync(join(PROGRAMS, name), 'utf8'), folder, port));
      }
      const [program = '', ...words] = [...(place.within ?? []), 'sh', join(folder, 'rtpfleet-config')];
      const env = place.environment ?? {};
      const { exitCode, stderr } = await execa(program, words, { reject: false, env });
      const files = readdirSync(join(folder, 'run')).filter((name) => name !== 'standalone');
      const written = files.length === 0 ? '' : readFileSync(join(folder, 'run', files[0] ?? ''), 'utf8');
      const bind = join(folder, 'ip_nonlocal_bind');
      const nonlocalBind = existsSync(bind) ? readFileSync(bind, 'utf8').trim() : undefined;
      return { exitCode, stderr, files, written, nonlocalBind };
    },
    close: () => {
      server.close();
      rmSync(folder, { recursive: true });
    },
  };
}

function moved(program: string, folder: string, port: number): string {
  return program
    .replaceAll('/usr/lib/rtpfleet', folder)
    .replaceAll('/run/rtpfleet', join(folder, 'run'))
    .replaceAll('/sys/class/dmi/id', folder)
    .replaceAll('/proc/sys/net/ipv4', folder)
    .replaceAll('PATIENCE=20', 'PATIENCE=1')
    .replaceAll('169.254.169.254', `127.0.0.1:${port}`)
    .replaceAll('169\\.254\\.169\\.254', `127.0.0.1:${port}`)
    .replaceAll('sleep 2', 'sleep 0.1')
    .replaceAll('chgrp rtpengine', 'chmod 0640');
}
