/** What must be true of every round of every rollout, told from the simulated fleet itself and not from what a run has seen. */
import { expect } from 'vitest';
import { countOf } from '../../../configs/share.ts';
import type { Act, Action } from '../../../rollout/core/actions.ts';
import { cordonedBy, isAct, isMove, partnerOf } from '../../../rollout/core/actions.ts';
import { callsOn, type Fleet } from '../../../rollout/core/fleet.ts';
import type { Standing } from '../../../rollout/core/phase.ts';
import { awayAtOnce, cordonedAtOnce, type Policy } from '../../../rollout/core/policy.ts';
import { type SimRelay, simRelay, type World } from '../../../rollout/core/simulate.ts';
import { guestsOf } from '../../../rollout/core/simulate-floating.ts';
import { isOpenAt, type Story } from './story.ts';

export type Round = {
  readonly told: Story;
  readonly world: World;
  readonly fleet: Fleet;
  readonly standings: readonly Standing[];
  readonly policy: Policy;
  readonly now: number;
  readonly actions: readonly Action[];
  readonly isPaused: boolean;
  /** When the first relay of a template was admitted. */
  readonly admittedAt: ReadonlyMap<string, number>;
};

type Checked = Omit<Round, 'standings'>;

export function checkRound(round: Checked): void {
  const acts = round.actions.filter(isAct);
  for (const act of acts) {
    checkReplaced(round, act);
    checkLeft(round, act);
    checkReaped(round, act);
  }
  checkBegun(round, acts);
  checkAway(round, acts);
  checkCanary(round, acts);
  checkShare(round, acts);
  checkCordons(round, acts);
  checkMoves(round, acts);
}

function meant({ world }: Checked, act: Act): SimRelay {
  const relay = simRelay(world, act.relay);
  if (relay === undefined) throw new TypeError(act.relay.name);
  return relay;
}

/** Never a relay with calls, or one of which nothing is known, unless a person forces it. */
function checkReplaced(round: Checked, act: Act): void {
  const relay = meant(round, act);
  if (act.kind === 'force') expect(guestsOf(round.world, relay)).toEqual([]);
  if (act.kind === 'force') expect(relay.forcedBy).toBe('ann');
  if (act.kind !== 'replace') return;
  expect(relay.calls).toEqual([]);
  expect(guestsOf(round.world, relay)).toEqual([]);
  expect(relay.limit).toBe(0);
  expect(relay.cordon).toBeDefined();
  expect(act.relay.looks.at(-1)?.kind).toBe('answer');
}

/** Nothing happens to a relay that a person wants left alone, before it is on its way. */
function checkLeft(round: Checked, act: Act): void {
  const { leave, template, readyAt } = meant(round, act);
  const isOld = template !== round.world.target && readyAt <= round.now;
  // A new call at an address that goes home again would stay behind.
  const mayBeShut = act.kind === 'reassert' && guestsOf(round.world, meant(round, act)).length > 0;
  // What was begun is brought to its end.
  const isResumed = isMove(act) && round.world.begun !== undefined;
  if (leave !== undefined && isOld && !mayBeShut && !isResumed) expect(act.kind).toBe('left alone');
}

function checkReaped({ policy, now }: Checked, act: Act): void {
  if (act.kind !== 'reap') return;
  expect(policy.tail).toBe('reap');
  expect(now - (act.relay.cordon?.at ?? now)).toBeGreaterThanOrEqual(policy.reapAfterSeconds * 1000);
}

/** Nothing is begun outside of the windows, nor while a person has paused the run. */
function checkBegun({ told, now, isPaused }: Checked, acts: readonly Act[]): void {
  const begun = acts.filter(
    (act) => ['cordon', 'replace', 'force'].includes(act.kind) || (act.kind === 'hand-over' && !act.resumes),
  );
  if (isPaused || !isOpenAt(told, now)) expect(begun.map(({ kind }) => kind)).toEqual([]);
}

/** No more relays are replaced at once than the policy allows; what a person forces is beside that. */
function checkAway({ world, policy, now, told }: Checked, acts: readonly Act[]): void {
  const replaced = new Set(acts.filter(({ kind }) => kind === 'replace').map(({ relay }) => relay.name));
  if (replaced.size === 0 || told.force !== undefined) return;
  const isOnItsWay = ({ readyAt, awaitsController, template }: SimRelay) =>
    readyAt > now || (awaitsController && template === world.target);
  const away = world.relays.filter((relay) => isOnItsWay(relay) || replaced.has(relay.name));
  expect(away.length).toBeLessThanOrEqual(awayAtOnce(policy, world.relays.length));
}

/** Until the first relay of a new image has taken calls for as long as it is to be watched, no other gets that image. */
function checkCanary({ world, policy, now, told, admittedAt }: Checked, acts: readonly Act[]): void {
  if (policy.bakeSeconds === 0 || told.force !== undefined || told.rollbackAt !== undefined) return;
  const since = admittedAt.get(world.target);
  if (since !== undefined && now - since >= policy.bakeSeconds * 1000) return;
  const there = world.relays.filter(({ template }) => template === world.target).length;
  const replaced = acts.filter(({ kind }) => kind === 'replace').length;
  expect(there + replaced).toBeLessThanOrEqual(1);
}

/** A run of a share begins no more than that. */
function checkShare({ world, policy, told, now }: Checked, acts: readonly Act[]): void {
  const cordoned = acts.filter(({ kind }) => kind === 'cordon');
  if (policy.share === undefined || cordoned.length === 0 || told.leave !== undefined) return;
  const begun = world.relays.filter(
    ({ template, cordon, readyAt }) => template === world.target || cordon !== undefined || readyAt > now,
  ).length;
  const most = countOf(policy.share, world.relays.length, 1);
  expect(begun + cordoned.length).toBeLessThanOrEqual(most);
}

/** One move at a time, only between relays of a zone; the taker has no other's address, and no other act touches either. */
function checkMoves(round: Checked, acts: readonly Act[]): void {
  const moves = acts.filter(isMove);
  expect(moves.length).toBeLessThanOrEqual(1);
  const [move] = moves;
  if (move === undefined) return;
  const partner = partnerOf(move);
  const others = acts.filter((act) => act !== move && act.kind !== 'reassert');
  expect(others.map(({ relay }) => relay.name)).not.toContain(partner.name);
  expect(partner.zone).toBe(move.relay.zone);
  if (move.kind === 'give-back' || move.resumes) return;
  expect(round.policy.tail).toBe('hand-over');
  const [from, to] = [meant(round, move), simRelay(round.world, partner)];
  expect(to).toMatchObject({ at: partner.name, leave: undefined });
  expect(from.at).toBe(move.relay.name);
  expect(to === undefined ? [] : guestsOf(round.world, to)).toEqual([]);
  expect(move.relay.movable).toEqual({ kind: 'yes' });
}

/** The budget, the last relay that takes calls, the reserve, one zone at a time. */
function checkCordons({ world, fleet, policy, now }: Checked, acts: readonly Act[]): void {
  const isServing = (relay: SimRelay) =>
    relay.readyAt <= now && relay.limit !== 0 && relay.cordon === undefined;
  const cordoned = new Set(acts.flatMap((act) => cordonedBy(act)?.name ?? []));
  const costly = world.relays.filter((relay) => cordoned.has(relay.name) && isServing(relay));
  if (costly.length === 0) return;
  const left = world.relays.filter((relay) => isServing(relay) && !cordoned.has(relay.name));
  expect(left.length).toBeGreaterThanOrEqual(1);
  expect(world.relays.length - left.length).toBeLessThanOrEqual(cordonedAtOnce(policy, world.relays.length));
  const heard = fleet.relays.filter((relay) => relay.looks.at(-1)?.kind === 'answer');
  const load = heard.reduce((sum, relay) => sum + Number(callsOn(relay)), 0);
  expect(carriedAfterLoss(left, policy)).toBeGreaterThanOrEqual(load);
  const worked = world.relays.filter(
    (relay) => cordoned.has(relay.name) || (relay.cordon !== undefined && relay.leave === undefined),
  );
  expect(new Set(worked.map(({ zone }) => zone)).size).toBe(1);
}

/** The worst that can be lost, by trying each. */
function carriedAfterLoss(left: readonly SimRelay[], { reserve, relayCalls }: Policy): number {
  const lost = {
    none: [0],
    relay: [1],
    zone: left.map(({ zone }) => left.filter((relay) => relay.zone === zone).length),
  }[reserve];
  return (left.length - Math.max(...lost)) * relayCalls;
}
