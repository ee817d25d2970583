/**
 * What `pulumi up` makes, carried out by `lab apply` with real RTPEngine: a new image moves no relay, autohealing spares relays with
 * calls and heals dead ones, and the outputs are what `rollout` and a real Kamailio need.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Applied } from '../../lab/apply.ts';
import { probeCall } from '../../lib/probe-call.ts';
import { listCalls } from '../../lib/relay/calls.ts';
import { cordonRelay } from '../../lib/relay/cordon.ts';
import { readRelay } from '../../lib/relay/read.ts';
import { type AppliedFleet, openAppliedFleet } from '../support/applied-fleet.ts';
import { placeCall } from '../support/live-call.ts';
import { findRtpengines } from '../support/rtpengine.ts';
import {
  callOnce,
  type RunningProxy,
  type SipPlace,
  startCalls,
  startKamailio,
} from '../support/sip-call.ts';

const [tree] = findRtpengines();
const OLD = 'rtpengine-mr12-5-1-31-debian-13-aaaaaaaa';
const NEW = 'rtpengine-mr12-5-1-31-debian-13-bbbbbbbb';
const has = (program: string) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;

type Output = { readonly name: string; readonly address: string; readonly zone: string };

describe.skipIf(tree === undefined)('the stack, carried out with real RTPEngine', () => {
  let fleet: AppliedFleet;
  let applied: Applied;
  let relays: readonly Output[];
  beforeAll(async () => {
    if (tree === undefined) throw new Error('no rtpengine here');
    fleet = await openAppliedFleet(tree, [OLD, NEW]);
    applied = await fleet.apply(OLD);
    relays = applied.outputs.relays as readonly Output[];
  });
  afterAll(() => fleet.close());

  const bootsOf = ({ name }: Output) => fleet.booted.filter((line) => line.startsWith(`${name} `)).length;

  /** Not spawnSync: the lab answers from this process. */
  async function run(...words: readonly string[]) {
    const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    const [out, err, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ]);
    return { code, out, err };
  }

  const rollout = (...args: readonly string[]) =>
    run('rollout/cli.ts', ...args, '--fleet', fleet.fleetFile, '--endpoint', fleet.endpoint);

  test('its groups and relays are those that rollout sees, and nothing is wrong with them', async () => {
    const status = JSON.parse((await rollout('status', '--json')).out) as {
      readonly relays: readonly { readonly relay: { readonly name: string }; readonly address: string }[];
    };
    expect(status.relays.map(({ relay, address }) => `${relay.name} ${address}`).sort()).toEqual(
      relays.map(({ name, address }) => `${name} ${address}`).sort(),
    );
    expect(await rollout('verify')).toMatchObject({
      code: 0,
      out: 'Nothing is wrong: 3 relays in 3 zones.\n',
    });
  });

  describe.skipIf(!has('kamailio') || !has('sipp'))(
    'a real Kamailio, configured as proxy:config prints',
    () => {
      let place: SipPlace;
      let proxy: RunningProxy;
      beforeAll(async () => {
        const { prefix, folder } = fleet;
        place = { folder, proxy: `${prefix}.2`, caller: `${prefix}.3`, callee: `${prefix}.4` };
        writeFileSync(join(folder, 'outputs.json'), JSON.stringify(applied.outputs));
        const printed = await run('infra/proxy.ts', 'kamailio', '--outputs', join(folder, 'outputs.json'));
        expect(printed).toMatchObject({ code: 0, err: '' });
        proxy = await startKamailio(place, printed.out);
      });
      afterAll(() => proxy?.stop());

      test('a call through it has its media at a relay', async () => {
        const calling = callOnce(place);
        const most = await packetsSeen(calling);
        const call = await calling;
        expect(call, proxy.log()).toMatchObject({ caller: 0, callee: 0 });
        // Both ways through one relay of the fleet, and speech in both directions: 3 s of 50 packets, sent back.
        expect(addresses()).toContain(call.callerSendsTo);
        expect(call.calleeSendsTo).toBe(call.callerSendsTo);
        expect(most.at).toBe(call.callerSendsTo);
        expect(most.packets).toBeGreaterThan(150);
      });

      test('a relay of the outputs that is cordoned by its name gets no new call; the others do', async () => {
        const [drained] = relays;
        expect(await rollout('cordon', drained?.name ?? '')).toMatchObject({ code: 0 });
        const calls = await startCalls(place, 6);
        const { caller, relays: used } = await calls.stop();
        expect(await rollout('uncordon', drained?.name ?? '')).toMatchObject({ code: 0 });
        expect({ caller, calls: used.length }, proxy.log()).toEqual({ caller: 0, calls: 6 });
        expect(addresses()).toEqual(expect.arrayContaining([...used]));
        expect(used).not.toContain(drained?.address);
      });

      test('rollout --drain replaces every relay under its calls: none is cut, no packet lost, and the outputs stay right', async () => {
        const wanted = (await fleet.apply(NEW)).outputs;
        const calls = await startCalls(place);
        expect(await rollout('--drain')).toMatchObject({ code: 0, err: '' });
        const { caller, streams, relays: used } = await calls.stop();
        expect(caller, proxy.log()).toBe(0);
        expect(relays.map(bootsOf)).toEqual([2, 2, 2]);
        expect(new Set(used)).toEqual(new Set(addresses()));
        expect(streams.length).toBeGreaterThan(10);
        expect(streams.length).toBe(used.length);
        for (const { lost, received } of streams) {
          expect(lost).toBe(0);
          // Three seconds, give or take what SIPp's own clock does.
          expect(received).toBeGreaterThan(130);
        }
        expect(wanted.relays).toEqual(relays);
        expect((await fleet.apply(NEW)).outputs).toEqual(wanted);
        expect(await rollout('verify')).toMatchObject({ code: 0 });
        await fleet.apply(OLD);
      });
    },
  );

  const addresses = () => relays.map(({ address }) => address);

  /** The most packets that any relay counted in its call while it was up. */
  async function packetsSeen(calling: Promise<unknown>) {
    let most: { readonly at: string; readonly packets: number } = { at: '', packets: 0 };
    let isUp = true;
    const end = () => {
      isUp = false;
    };
    void calling.then(end, end);
    while (isUp) {
      for (const { address } of relays) {
        const relay = fleet.connect(address);
        const list = await listCalls(relay);
        relay.close();
        for (const { detail } of list.kind === 'answer' ? list.calls : [])
          if (detail.kind === 'known' && typeof detail.packets === 'number' && detail.packets > most.packets)
            most = { at: address, packets: detail.packets };
      }
      await sleep(200);
    }
    return most;
  }

  test('a new image replaces no VM, and a call that is up does not notice', async () => {
    const before = [...fleet.booted];
    const relay = fleet.connect(relays[0]?.address ?? '');
    const call = await placeCall(relay.ng);
    const changed = await fleet.apply(NEW);
    expect(changed.resources.filter(({ change }) => change.kind === 'changed')).toHaveLength(3);
    expect(fleet.booted).toEqual(before);
    await call.hangUp();
    expect(call.sent()).toBeGreaterThan(20);
    expect(call.missing()).toBe(0);
    relay.close();
    await fleet.apply(OLD);
  });

  test('autohealing spares a relay that is cordoned with a call up, and heals one whose RTPEngine died', async () => {
    const [draining, dying] = relays;
    if (draining === undefined || dying === undefined) throw new Error('no relays');
    const relay = fleet.connect(draining.address);
    const call = await placeCall(relay.ng);
    const boots = relays.map(bootsOf);
    await cordonRelay(relay);
    // The checks that find the dead one (three, 10 s apart) have all asked the cordoned one as well.
    fleet.kill(dying.address);
    while (bootsOf(dying) === boots[1]) await sleep(200);
    await sleep(10_500);
    expect(bootsOf(draining)).toBe(boots[0]);
    expect(await readRelay(relay)).toMatchObject({ maxSessions: 0, own: 1 });
    await call.hangUp();
    expect(call.sent()).toBeGreaterThan(2_000);
    expect(call.missing()).toBe(0);
    relay.close();
    const healed = fleet.connect(dying.address);
    expect(
      await probeCall(healed.ng, { localAddress: '127.0.0.1', packets: 10, relay: 'admitted' }),
    ).toMatchObject({
      ok: true,
    });
    healed.close();
  });
});

test.skipIf(has('kamailio') && has('sipp'))('needs Kamailio and SIPp', (context) => {
  context.skip('packages kamailio and sip-tester are not installed');
});
