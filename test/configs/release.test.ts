import { describe, expect, test } from 'vitest';
import { parseRelease, pinnedImage, readRelease, withPin } from '../../configs/release.ts';

const pin = { image: 'rtpengine-mr12-5-1-31-debian-13-3fa9c1d2', version: 'mr12.5.1.31' };

describe('the pin', () => {
  test('that comes with the repository can be read', () => {
    expect(readRelease()).toBeTypeOf('object');
  });

  test('names the image of a fleet', () => {
    expect(pinnedImage(parseRelease(JSON.stringify({ prod: pin }), 'r.json'), 'prod')).toEqual(pin);
  });

  test.each(['staging', 'constructor'])('of a fleet that has none (%s) says so', (fleet) => {
    expect(() => pinnedImage({ prod: pin }, fleet)).toThrow(`No image is pinned for fleet ${fleet}`);
  });

  test('changes one fleet and leaves the others, in order of name', () => {
    const text = withPin({ prod: pin, lab: pin }, 'lab', { ...pin, image: 'other' });
    expect(JSON.parse(text)).toEqual({ lab: { ...pin, image: 'other' }, prod: pin });
    expect(text.indexOf('lab')).toBeLessThan(text.indexOf('prod'));
    expect(parseRelease(text, 'r.json')).toEqual(JSON.parse(text));
  });

  test.each([
    ['no JSON', '{', /^r\.json: is not JSON/],
    ['a list', '[]', /^r\.json: is not an object/],
    ['a pin without version', '{"prod":{"image":"x"}}', /^r\.json: prod: .* is not \{image, version\}/],
  ])('%s is refused with its place', (_, text, message) => {
    expect(() => parseRelease(text, 'r.json')).toThrow(message);
  });
});
