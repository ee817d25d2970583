/** Asks a machine how it is, from the lab's process, as GCE's health checkers do from their own ranges. */
import { get } from 'node:http';
import { connect } from 'node:net';
import type { HealthCheck } from '../types.ts';
import type { Probe } from './repair.ts';

/** One HTTP or TCP probe of `address`; never rejects. */
export function probe(check: HealthCheck, address: string): Promise<Probe> {
  const timeoutMs = Number(check.timeoutSec ?? 5) * 1000;
  return check.type === 'HTTP' ? probeHttp(check, address, timeoutMs) : probeTcp(check, address, timeoutMs);
}

/** HTTP: status 200, and the body begins with `response` if there is one. */
function probeHttp(check: HealthCheck, address: string, timeout: number): Promise<Probe> {
  const { host, port, requestPath: path, response: wanted } = check.httpHealthCheck ?? {};
  return new Promise((resolve) => {
    const headers = host ? { host } : {};
    const request = get(
      { host: address, port: port ?? 80, path: path ?? '/', timeout, headers, agent: false },
      (reply) => {
        let body = '';
        reply.setEncoding('utf8').on('data', (text: string) => {
          body = (body + text).slice(0, 1024);
        });
        reply.on('end', () =>
          resolve(reply.statusCode === 200 && body.startsWith(wanted ?? '') ? 'HEALTHY' : 'UNHEALTHY'),
        );
        reply.on('error', () => resolve('UNHEALTHY'));
      },
    );
    const limit = setTimeout(() => {
      resolve('TIMEOUT');
      request.destroy();
    }, timeout);
    request.on('error', () => resolve('UNHEALTHY'));
    request.on('close', () => clearTimeout(limit));
  });
}

/** TCP: the connection opens. */
function probeTcp(check: HealthCheck, address: string, timeoutMs: number): Promise<Probe> {
  const { port, request, response } = check.tcpHealthCheck ?? {};
  return new Promise((resolve) => {
    const socket = connect({ host: address, port: port ?? 80 });
    const end = (result: Probe): void => {
      resolve(result);
      socket.destroy();
    };
    socket.setTimeout(timeoutMs, () => end('TIMEOUT'));
    socket.on('error', () => end('UNHEALTHY'));
    socket.on('close', () => resolve('UNHEALTHY'));
    socket.on('connect', () => {
      if (request) socket.write(request);
      if (!response) end('HEALTHY');
    });
    socket.on('data', (bytes) => end(bytes.toString().startsWith(response ?? '') ? 'HEALTHY' : 'UNHEALTHY'));
  });
}
