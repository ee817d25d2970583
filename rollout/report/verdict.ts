import type { CallsReport, RelayReport, RunReport, Verdict } from './types.ts';
import { count, plural } from './words.ts';

type Input = {
  readonly run: RunReport;
  readonly relays: readonly RelayReport[];
  readonly calls: CallsReport | undefined;
};

/** Whether all went well, and if not, everything that did not. Pure. */
export function verdictOf({ run, relays, calls }: Input): Verdict {
  const onTarget = relays.filter((relay) => relay.onTarget).length;
  const problems = [...runProblems(run), ...relayProblems(run, relays), ...callProblems(calls)];
  return { ok: problems.length === 0, relays: relays.length, onTarget, problems };
}

function runProblems({ result, because }: RunReport): readonly string[] {
  if (result === 'done') return [];
  return [result === undefined ? 'The rollout has not ended.' : `The rollout was ${result}: ${because}.`];
}

/** What a run of a share has not begun is left to another run. */
function relayProblems(run: RunReport, relays: readonly RelayReport[]): readonly string[] {
  const isLeft = ({ phases }: RelayReport) =>
    run.share !== undefined && run.result === 'done' && phases.every(({ phase }) => phase === 'stale');
  return relays
    .filter((relay) => !relay.onTarget && !isLeft(relay))
    .map(({ name, versionAfter = 'an unknown version', phases }) => {
      return `${name} runs ${versionAfter} and is ${phases.at(-1)?.phase ?? 'in an unknown phase'}.`;
    });
}

function callProblems(calls: CallsReport | undefined): readonly string[] {
  if (calls === undefined) return [];
  const { cut, packetsLost, packetsSent, complete } = calls;
  return [
    ...(cut > 0
      ? [`${count(cut)} of ${plural(calls.calls, 'call')} ${cut === 1 ? 'was' : 'were'} cut.`]
      : []),
    ...(packetsLost > 0
      ? [
          `${count(packetsLost)} of ${count(packetsSent)} RTP packets ${packetsLost === 1 ? 'was' : 'were'} lost.`,
        ]
      : []),
    ...(complete ? [] : ['The caller ended before its summary; its last calls are not counted.']),
    ...(calls.calls === 0 ? ['No call was made.'] : []),
  ];
}
