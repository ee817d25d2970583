import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkOptions, optionsOfConfig, optionsOfHelp } from '../../image-builder/options.ts';

const HELP = `Usage:
  rtpengine [OPTION?]  - next-generation media proxy

Application Options:
  -v, --version                     Print build time and exit
  -t, --table=INT                   Kernel table to use
  --max-sessions=INT                Limit of maximum number of sessions; see --max-load
  --redis=[PW@]IP:PORT/INT          Connect to Redis database
`;
const FLEET = {
  file: 'fleet.yaml',
  text: 'name: x\nrtpengine:\n  options:\n    tabel: 0\n    jitter-buffer: 5\n',
};

describe('options of RTPEngine', () => {
  test('are read from its own help, and not from the words that explain them', () => {
    expect([...optionsOfHelp(HELP)]).toEqual(['version', 'table', 'max-sessions', 'redis']);
  });

  test('are found in a configuration, also those that only boot sets', () => {
    expect(optionsOfConfig('[rtpengine]\n# a = b\ntable = -1\n#redis# redis = @REDIS@\n')).toEqual([
      'table',
      'redis',
    ]);
  });

  test('that this version has pass, and are counted', () => {
    expect(checkOptions('table = -1\nmax-sessions = 0\n', HELP, 'mr12.5.1.31', FLEET)).toBe(2);
  });

  test('that it does not have are all named, each with its line in the fleet file', () => {
    const check = () =>
      checkOptions('table = -1\ntabel = 0\njitter-buffer = 5\n', HELP, 'mr12.5.1.31', FLEET);
    expect(check).toThrow('fleet.yaml:4: RTPEngine mr12.5.1.31 has no option tabel; did you mean table?');
    expect(check).toThrow('fleet.yaml:5: RTPEngine mr12.5.1.31 has no option jitter-buffer');
  });

  test('that nothing is close to still has its nearest named', () => {
    const options = readFileSync(join(import.meta.dirname, 'support/options/mr12.5.1.31.txt'), 'utf8');
    const help = options
      .split('\n')
      .map((name) => `  --${name}=X   text`)
      .join('\n');
    expect(() => checkOptions('redis-format = JSON\n', help, 'mr12.5.1.31', FLEET)).toThrow(
      /has no option redis-format; the nearest that it has is [a-z-]+$/,
    );
  });
});
