import type { CallsReport, RelayReport, RunReport, Verdict } from './types.ts';
import { count, PHASE_WORDS, plural } from './words.ts';

type Input = {
  readonly run: RunReport;
  readonly relays: readonly RelayReport[];
  readonly calls: CallsReport | undefined;
};

/** Whether all went well, and if not, everything that did not. Pure. */
export function verdictOf({ run, relays, calls }: Input): Verdict {
  const onTarget = relays.filter((relay) => relay.onTarget).length;
  const problems = [
    ...runProblems(run),
    ...relayProblems(run, relays),
    ...forceProblems(relays),
    ...callProblems(calls),
  ];
  return { ok: problems.length === 0, relays: relays.length, onTarget, problems };
}

function runProblems({ result, because = '', reasons = [] }: RunReport): readonly string[] {
  if (result === 'done') return [];
  if (result === undefined) return ['The rollout has not ended.'];
  const [first, ...more] = reasons.map(({ message, next }) => `${message} ${next}`.trim());
  const ended = result === 'failed' ? result : `was ${result}`;
  return [`The rollout ${ended}: ${sentence(first ?? because)}`, ...more];
}

function sentence(text: string): string {
  return text.endsWith('.') ? text : `${text}.`;
}

/** The only calls that a rollout cuts, and never by itself. */
function forceProblems(relays: readonly RelayReport[]): readonly string[] {
  return relays.flatMap(({ name, forced }) => {
    if (forced === undefined || forced.calls === 0) return [];
    return forced.calls === undefined
      ? [`${name} was replaced with its calls, as a person said; how many were cut is not known.`]
      : [
          `${plural(forced.calls, 'call')} on ${name} ${forced.calls === 1 ? 'was' : 'were'} cut, as a person said.`,
        ];
  });
}

/** What a run of a share has not begun is left to another run. */
function relayProblems(run: RunReport, relays: readonly RelayReport[]): readonly string[] {
  const isLeft = ({ phases }: RelayReport) =>
    run.share !== undefined && run.result === 'done' && phases.every(({ phase }) => phase === 'stale');
  return relays
    .filter((relay) => !relay.onTarget && !isLeft(relay))
    .map(({ name, versionAfter = 'an unknown version', phases }) => {
      const phase = phases.at(-1)?.phase;
      return `${name} runs ${versionAfter}: ${phase === undefined ? 'where it stands is not known' : PHASE_WORDS[phase]}.`;
    });
}

function callProblems(calls: CallsReport | undefined): readonly string[] {
  if (calls === undefined) return [];
  const { cut, packetsSent, complete, moved } = calls;
  // Whoever has calls moved knows that each misses some packets; how many is told beside.
  const packetsLost = calls.packetsLost - (moved?.packetsLost ?? 0);
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
