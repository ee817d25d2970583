import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseMounts } from '../../lab/host/mounts.ts';
import { parseStat } from '../../lab/host/processes.ts';
import { pickMachine } from '../../lab/machines/find.ts';
import { machineCommand, machineUuid } from '../../lab/machines/nspawn.ts';
import { type MachineRecord, machinePaths } from '../../lab/machines/record.ts';
import { completeLength } from '../../lab/machines/serial.ts';
import { namesOf } from '../../lab/names.ts';
import { dnsmasqArguments, hostsFile, instanceNames } from '../../lab/network/dnsmasq.ts';

function machine(id: string, name: string, zone: string): MachineRecord {
  return { spec: { id, name, zone, address: '10.77.12.20', imageId: 'i' } };
}

describe('finding a machine', () => {
  const all = [machine('1', 'relay-1', 'a'), machine('2', 'relay-2', 'a'), machine('3', 'relay-2', 'b')];

  test.each([
    ['relay-1', '1'],
    ['b/relay-2', '3'],
    ['2', '2'],
  ])('%s', (wanted, id) => {
    expect(pickMachine(all, wanted).spec.id).toBe(id);
  });

  test('a name in two zones asks which one', () => {
    expect(() => pickMachine(all, 'relay-2')).toThrow(
      expect.objectContaining({ code: 'ambiguous-machine', hint: 'Say which: a/relay-2, b/relay-2.' }),
    );
  });

  test('an unknown name suggests the nearest', () => {
    expect(() => pickMachine(all, 'rely-1')).toThrow(
      expect.objectContaining({ code: 'unknown-machine', hint: 'Did you mean relay-1?' }),
    );
  });
});

describe('the command that a machine is', () => {
  const command = machineCommand({
    spec: machine('7000000000000000001', 'relay-1', 'a').spec,
    names: namesOf('rf00000000'),
    namespace: 'rf00000000-m7000000000000000001',
    paths: machinePaths('/x/.lab', '7000000000000000001'),
    lower: '/x/.lab/images/i/root',
    groups: ['/sys/fs/cgroup/rf00000000/7/cgroup.procs'],
    unwanted: ['/other/root', '/another/root'],
  });

  test('has mounts of its own, the image below its disk, and its own network', () => {
    expect(command[0]).toBe('unshare');
    expect(command).toContain(
      'lowerdir=/x/.lab/images/i/root,upperdir=/x/.lab/machines/7000000000000000001/upper,workdir=/x/.lab/machines/7000000000000000001/work,volatile',
    );
    expect(command).toContain('--network-namespace-path=/run/netns/rf00000000-m7000000000000000001');
    expect(command).toContain('--hostname=relay-1');
  });

  test('registers nowhere on the host', () => {
    expect(command).toEqual(expect.arrayContaining(['--register=no', '--keep-unit', '--link-journal=no']));
  });

  test('has the machine id of its instance', () => {
    expect(machineUuid('7000000000000000001')).toBe('00000000-0000-0000-6124-fee993bc0001');
  });
});

describe('DHCP and DNS', () => {
  const args = dnsmasqArguments({ range: '10.77.12.0/24', project: 'p', hostsFile: '/h', pidFile: '/p' });

  test('every hardware address of the range has its address, and no other gets one', () => {
    expect(args.filter((arg) => arg.startsWith('--dhcp-host=')).length).toBe(254);
    expect(args).toContain('--dhcp-host=42:01:0a:4d:0c:14,10.77.12.20');
    expect(args).toContain('--dhcp-range=10.77.12.0,static,255.255.255.0,infinite');
  });

  test('nothing of the host is read, and no other server is asked', () => {
    expect(args).toEqual(
      expect.arrayContaining(['--conf-file=/dev/null', '--no-hosts', '--no-resolv', '--interface=br0']),
    );
    expect(args.some((arg) => arg.startsWith('--server'))).toBe(false);
  });

  test("machines have GCE's internal names", () => {
    const names = instanceNames('relay-1', 'us-central1-a', 'p');
    expect(hostsFile([{ address: '10.77.12.20', names }])).toBe(
      '169.254.169.254 metadata.google.internal metadata\n' +
        '10.77.12.20 relay-1.us-central1-a.c.p.internal relay-1.c.p.internal relay-1\n',
    );
  });
});

describe('what the host says', () => {
  test('a process whose name looks like the rest of the line is read right', () => {
    const rest = Array.from({ length: 30 }, (_, index) => String(index + 4)).join(' ');
    expect(parseStat(`12 (a) Z 1 (b) S ${rest}`)).toEqual({ state: 'S', startTime: '22' });
    expect(parseStat('')).toBeUndefined();
  });

  test('mount points with spaces are read right', () => {
    const line = '36 35 98:0 /mnt1 /mnt\\040two rw,noatime shared:1 - ext4 /dev/loop0 rw';
    expect(parseMounts(`${line}\n`)).toEqual([{ point: '/mnt two', type: 'ext4', source: '/dev/loop0' }]);
  });
});

test('the serial port never ends in half a character', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('a', 'é', '€', '😀')), fc.nat(40), (letters, cut) => {
      const bytes = Buffer.from(letters.join(''));
      const part = bytes.subarray(0, Math.min(cut, bytes.length));
      const whole = part.subarray(0, completeLength(part));
      expect(bytes.toString().startsWith(whole.toString())).toBe(true);
      expect(part.length - whole.length).toBeLessThan(4);
    }),
  );
});
