import { describe, expect, test } from 'vitest';
import { enrolKeys } from '../../lab/qemu/uefi-variables.ts';

const CERTIFICATE = Buffer.from('a certificate');

/** A variables file without variables: header of the volume (72 bytes), of the store (28), and erased flash. */
function emptyFile(): Buffer {
  const file = Buffer.alloc(4096, 0xff);
  file.fill(0, 0, 100);
  file.write('_FVH', 0x28);
  file.writeUInt16LE(72, 0x30);
  return file;
}

type Variable = { readonly name: string; readonly vendor: string; readonly data: Buffer };

/** Reads them back as the firmware walks through them. */
function variablesOf(file: Buffer): readonly Variable[] {
  const found: Variable[] = [];
  for (let at = 100; file.readUInt16LE(at) === 0x55aa; ) {
    const [nameBytes, dataBytes] = [file.readUInt32LE(at + 36), file.readUInt32LE(at + 40)];
    const name = at + 60;
    found.push({
      name: file.toString('utf16le', name, name + nameBytes - 2),
      vendor: file.toString('hex', at + 44, at + 60),
      data: file.subarray(name + nameBytes, name + nameBytes + dataBytes),
    });
    at = Math.ceil((name + nameBytes + dataBytes) / 4) * 4;
  }
  return found;
}

describe('variables of OVMF with keys', () => {
  test('name the certificate as platform key, key exchange key and only signer, each under the GUID of UEFI', () => {
    const variables = variablesOf(enrolKeys(emptyFile(), CERTIFICATE));
    const global = '61dfe48bca93d211aa0d00e098032b8c';
    const database = 'cbb219d73a3d9645a3bcdad00e67656f';
    expect(variables.map(({ name, vendor }) => [name, vendor])).toEqual([
      ['PK', global],
      ['KEK', global],
      ['db', database],
    ]);
    for (const { data } of variables) {
      expect(data.toString('hex', 0, 16)).toBe('a159c0a5e494a74a87b5ab155c2bf072');
      expect(data.readUInt32LE(16)).toBe(data.length);
      expect(data.readUInt32LE(24)).toBe(16 + CERTIFICATE.length);
      expect(data.subarray(44)).toEqual(CERTIFICATE);
    }
  });

  test('are as long as before', () => {
    expect(enrolKeys(emptyFile(), CERTIFICATE)).toHaveLength(4096);
  });

  test('are not written over others', () => {
    expect(() => enrolKeys(enrolKeys(emptyFile(), CERTIFICATE), CERTIFICATE)).toThrow(/not an empty/);
    expect(() => enrolKeys(Buffer.alloc(4096, 0xff), CERTIFICATE)).toThrow(/not an empty/);
  });
});
