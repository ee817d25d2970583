import type { CallEndedLine, CallLine, DirectionCounts, SummaryLine } from './call-lines.ts';

/** Sums over ended calls. Pure. */
export function totalsOf(lines: readonly CallEndedLine[]) {
  const sum = (of: (line: CallEndedLine) => number) => lines.reduce((total, line) => total + of(line), 0);
  const both = (key: keyof DirectionCounts) => sum((line) => line.aToB[key] + line.bToA[key]);
  return {
    calls: lines.length,
    cut: lines.filter(({ outcome }) => outcome === 'cut').length,
    packetsSent: both('sent'),
    packetsLost: sum(({ lost }) => lost),
    duplicates: both('duplicates'),
    late: both('late'),
    stray: both('stray'),
    sendErrors: both('sendErrors'),
    reInvites: sum(({ reInvites }) => reInvites),
    diverted: lines.filter(({ diverted, outcome }) => diverted.length > 0 && outcome === 'ok').length,
  };
}

/** The summary that a caller which was killed did not write, as far as its lines go. Pure. */
export function sumOfCalls(lines: readonly CallLine[], ended: readonly CallEndedLine[]): SummaryLine {
  const [first, last] = [lines[0]?.at ?? '', lines.at(-1)?.at ?? ''];
  const atOnce = lines.filter((line) => line.kind === 'second').map(({ talking }) => talking);
  return {
    ...{ kind: 'summary', at: last, seconds: (Date.parse(last) - Date.parse(first)) / 1_000 },
    ...totalsOf(ended),
    mostAtOnce: atOnce.reduce((most, count) => Math.max(most, count), 0),
    caller: { stalls: 0, longestStallMs: 0, skippedPackets: 0, cpuSeconds: 0 },
  };
}
