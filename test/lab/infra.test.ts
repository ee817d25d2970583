/**
 * What `pulumi up` makes, carried out by `lab apply` with real RTPEngine: a new image moves no relay, autohealing spares relays with
 * calls and heals dead ones, and the outputs are what `rollout` and a real Kamailio need.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { proxyConfig } from '../../configs/proxies.ts';
import type { Applied } from '../../lab/apply.ts';
import { probeCall } from '../../lib/probe-call.ts';
import { listCalls } from '../../lib/relay/calls.ts';
import { cordonRelay } from '../../lib/relay/cordon.ts';
import { readRelay } from '../../lib/relay/read.ts';
import { type AppliedFleet, openAppliedFleet } from '../support/applied-fleet.ts';
import { placeCall } from '../support/live-call.ts';
import { findRtpengines } from '../support/rtpengine.ts';
import { callOnce, type SipPlace, startKamailio } from '../support/sip-call.ts';

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
  async function rollout(...args: readonly string[]) {
    const words = ['rollout/cli.ts', ...args, '--fleet', fleet.fleetFile, '--endpoint', fleet.endpoint];
    const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    const [out, err, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ]);
    return { code, out, err };
  }

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

  test.skipIf(!has('kamailio') || !has('sipp'))(
    'a real Kamailio takes its outputs: a call through it has its media at a relay',
    async () => {
      const { prefix, folder } = fleet;
      const place: SipPlace = {
        ...{ folder, proxy: `${prefix}.2`, caller: `${prefix}.3`, callee: `${prefix}.4` },
      };
      const proxy = await startKamailio(place, proxyConfig('kamailio', applied.outputs));
      const calling = callOnce(place);
      const most = await packetsSeen(calling);
      const call = await calling;
      await proxy.stop();
      expect(call, proxy.log()).toMatchObject({ caller: 0, callee: 0 });
      // Both ways through one relay of the fleet, and speech in both directions: 3 s of 50 packets, sent back.
      expect(relays.map(({ address }) => address)).toContain(call.callerSendsTo);
      expect(call.calleeSendsTo).toBe(call.callerSendsTo);
      expect(most.at).toBe(call.callerSendsTo);
      expect(most.packets).toBeGreaterThan(150);
    },
  );

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
    await cordonRelay(relay);
    // The checks that find the dead one (three, 10 s apart) have all asked the cordoned one as well.
    fleet.kill(dying.address);
    while (bootsOf(dying) < 2) await sleep(200);
    await sleep(10_500);
    expect(bootsOf(draining)).toBe(1);
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
