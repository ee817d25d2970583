import { expect, test } from 'vitest';
import type { NgDict } from '../../../lib/ng/bencode.ts';
import { readCallMedia } from '../../../lib/relay/call-media.ts';

/** Parts of what real RTPEngines answer to `query`. */
const SSRC = { SSRC: 4_159_151_403, bytes: 28_036, packets: 163, 'last RTP seq': 40_551 };
const AT = { 'local address': '10.0.0.50' };
const call = (media: NgDict): NgDict => ({
  tags: {
    a: { medias: [{ protocol: 'RTP/SAVP', flags: ['initialized', 'SDES'], ...media }] },
    b: { medias: [{ protocol: 'RTP/AVP', flags: ['initialized'], streams: [] }] },
  },
  totals: { RTP: { packets: 318 } },
});

test('12.5 tells what it heard on the stream, 26.0 on the media, 10.5 not at all', () => {
  const heard = [{ ssrc: 4_159_151_403, packets: 163, lastSequence: 40_551 }];
  expect(readCallMedia(call({ streams: [{ ...AT, 'ingress SSRCs': [SSRC] }] }))).toEqual({
    flags: ['initialized', 'SDES'],
    protocols: ['RTP/SAVP', 'RTP/AVP'],
    addresses: ['10.0.0.50'],
    packets: 318,
    heard,
  });
  expect(readCallMedia(call({ 'ingress SSRCs': [SSRC], streams: [] }))?.heard).toEqual(heard);
  expect(readCallMedia(call({ streams: [{ stats: { packets: 159 } }] }))?.heard).toEqual([]);
});

test('an SSRC without a packet was not heard', () => {
  const silent = { ...SSRC, packets: 0, 'last RTP seq': -1 };
  expect(readCallMedia(call({ 'ingress SSRCs': [silent], streams: [] }))?.heard).toEqual([]);
});

test('an answer without tags, or without flags of a media, tells nothing', () => {
  expect(readCallMedia({})).toBeUndefined();
  expect(readCallMedia({ tags: { a: { medias: [{ protocol: 'RTP/AVP' }] } } })).toBeUndefined();
});

test('a media without a protocol has an unknown one', () => {
  expect(readCallMedia({ tags: { a: { medias: [{ flags: [] }] } } })).toEqual({
    flags: [],
    protocols: ['unknown'],
    addresses: [],
    packets: 'unknown',
    heard: [],
  });
});
