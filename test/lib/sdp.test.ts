import { describe, expect, test } from 'vitest';
import { buildSdp, PCMA, PCMU, parseSdp } from '../../lib/sdp.ts';

const audio = {
  address: '10.0.0.5',
  port: 30_000,
  payloadTypes: [PCMU, PCMA],
  direction: 'sendrecv',
} as const;

test.each([
  audio,
  { ...audio, address: '2001:db8::5', port: 0, payloadTypes: [PCMA], direction: 'inactive' } as const,
])('reads back as it was built: %j', (stream) => {
  expect(parseSdp(buildSdp(stream, 42))).toEqual(stream);
});

test('what RTPEngine 12.5.1.31 wrote', () => {
  const body =
    'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.6.1\r\nt=0 0\r\nm=audio 20272 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=sendrecv\r\na=rtcp:20273\r\n';
  expect(parseSdp(body)).toEqual({
    address: '127.0.6.1',
    port: 20_272,
    payloadTypes: [0],
    direction: 'sendrecv',
  });
});

test('the stream speaks before the session', () => {
  const body =
    'v=0\nc=IN IP4 1.1.1.1\na=inactive\nm=video 9 RTP/AVP 96\nc=IN IP4 2.2.2.2\nm=audio 4 RTP/SAVP 8 0\nc=IN IP4 3.3.3.3\na=recvonly\nm=text 1 RTP/AVP 98\na=sendonly\n';
  expect(parseSdp(body)).toEqual({
    address: '3.3.3.3',
    port: 4,
    payloadTypes: [8, 0],
    direction: 'recvonly',
  });
});

describe('is refused with its reason', () => {
  const good = buildSdp(audio, 1);
  test.each([
    ['nothing', '', 'begin with v=0'],
    ['no audio', 'v=0\r\nm=video 9 RTP/AVP 96\r\n', 'no audio stream'],
    ['a name for an address', good.replaceAll('10.0.0.5', 'relay.example'), 'IN IP4 relay.example'],
    ['IPv6 called IPv4', good.replaceAll('10.0.0.5', '::1'), 'IN IP4 ::1'],
    ['no connection', good.replace(/c=.*\r\n/, ''), 'no connection address'],
    ['a port too high', good.replace('30000', '65536'), 'm=audio 65536'],
    ['a port that is a word', good.replace('30000', 'high'), 'm=audio high'],
    ['a protocol that is not RTP', good.replace('RTP/AVP', 'TCP'), 'm=audio 30000 TCP'],
  ])('%s', (_, body, reason) => {
    expect(() => parseSdp(body)).toThrow(
      expect.objectContaining({ code: 'sdp', message: expect.stringContaining(reason) }),
    );
  });

  test.each([
    ['a name', { ...audio, address: 'relay.example' }],
    ['a port out of range', { ...audio, port: 70_000 }],
    ['a codec without a name', { ...audio, payloadTypes: [18] }],
  ])('%s, when built', (_, stream) => {
    expect(() => buildSdp(stream, 1)).toThrow(expect.objectContaining({ code: 'sdp' }));
  });
});
