import { describe, expect, test } from 'vitest';
import { PROXIES, proxyConfig } from '../../configs/proxies.ts';

const line = 'modparam("rtpengine", "rtpengine_sock", "udp:10.0.0.2:22222")';
const outputs = { fleet: 'demo', relays: [{ name: 'r' }], kamailio: line, opensips: line };

describe.each(PROXIES)('the configuration for %s', (proxy) => {
  test('holds the relays of the outputs, and nothing is left to fill in', () => {
    const text = proxyConfig(proxy, outputs);
    expect(text).toContain(`\n${line}\n`);
    expect(text).toContain('fleet demo');
    expect(text).not.toMatch(/\{\{|undefined/);
  });

  test.each([
    ['nothing', undefined, 'are not those of a stack'],
    ['those of another program', { fleet: 1 }, 'are not those of a stack'],
    ['those of a fleet without relays', { ...outputs, relays: [] }, 'of fleet demo name no relay'],
  ])('of %s is refused', (_, wrong, message) => {
    expect(() => proxyConfig(proxy, wrong)).toThrow(message);
  });
});

test('Kamailio remembers the relay of a call for as long as it is told', () => {
  expect(proxyConfig('kamailio', outputs)).toContain('"hash_table_tout", 86400)');
  expect(proxyConfig('kamailio', outputs, 7200)).toContain('"hash_table_tout", 7200)');
});
